import { useEffect, useRef, type ReactElement } from 'react';
import { cn } from '../lib/utils.ts';

const BARS = 32;
/** A bar moves on this often: 32 bars show the last two seconds. */
const STEP_MS = 60;
/** A bar of silence is a dot. */
const LEAST = 0.08;
/** How often a screen reader may hear the level, which moves all the time. */
const SAID_EVERY = 8;

export interface LevelMeterProps {
  label: string;
  /** The level now, from 0 to 1. */
  read: () => number;
  /** Whether there is anything to read. */
  active: boolean;
  tone: 'mine' | 'theirs';
}

/** How loud one side is and was, as a row of bars. They are moved past React, which has no part in 16 a second. */
export function LevelMeter({ label, read, active, tone }: LevelMeterProps): ReactElement {
  const meter = useMovingBars(read, active);
  return (
    <div className="limi:flex limi:min-w-0 limi:flex-1 limi:flex-col limi:gap-2 limi:rounded-lg limi:bg-muted limi:px-4 limi:py-3">
      <span aria-hidden="true" className="limi:text-xs limi:text-muted-foreground">
        {label}
      </span>
      <div
        ref={meter}
        role="meter"
        aria-label={`${label}: level`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
        className={cn(
          'limi:flex limi:h-10 limi:items-center limi:justify-between limi:gap-px',
          tone === 'mine' ? 'limi:text-wave-mine' : 'limi:text-wave-theirs',
          !active && 'limi:opacity-40',
        )}
      >
        {Array.from({ length: BARS }, (_, index) => (
          <span
            key={index}
            style={{ transform: `scaleY(${String(LEAST)})` }}
            className="limi:h-full limi:w-1 limi:rounded-full limi:bg-current"
          />
        ))}
      </div>
    </div>
  );
}

function useMovingBars(read: () => number, active: boolean): React.RefObject<HTMLDivElement | null> {
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = meter.current;
    if (!element || !active) return;
    const heights = new Array<number>(BARS).fill(LEAST);
    let steps = 0;
    const timer = setInterval(() => {
      const level = bounded(read());
      heights.shift();
      heights.push(Math.max(LEAST, level));
      draw(element, heights);
      if (steps++ % SAID_EVERY === 0) element.setAttribute('aria-valuenow', String(Math.round(level * 100)));
    }, STEP_MS);
    return () => {
      clearInterval(timer);
      heights.fill(LEAST);
      draw(element, heights);
      element.setAttribute('aria-valuenow', '0');
    };
  }, [read, active]);
  return meter;
}

function bounded(level: number): number {
  return Number.isFinite(level) ? Math.min(1, Math.max(0, level)) : 0;
}

function draw(element: HTMLElement, heights: readonly number[]): void {
  heights.forEach((height, index) => {
    const bar = element.children[index];
    if (bar instanceof HTMLElement) bar.style.transform = `scaleY(${height.toFixed(3)})`;
  });
}
