// From shadcn/ui (MIT), with the prefix `limi` that its CLI puts before classes.
import type { ComponentProps, ReactElement } from 'react';
import { cn } from '../../lib/utils.ts';

export function Card({ className, ...props }: ComponentProps<'section'>): ReactElement {
  return (
    <section
      data-slot="card"
      className={cn(
        'limi:flex limi:flex-col limi:gap-5 limi:rounded-xl limi:border limi:bg-card limi:py-6 limi:text-card-foreground limi:shadow-sm',
        className,
      )}
      {...props}
    />
  );
}

export function CardHeader({ className, ...props }: ComponentProps<'div'>): ReactElement {
  return (
    <div
      data-slot="card-header"
      className={cn('limi:flex limi:flex-col limi:gap-2.5 limi:px-6', className)}
      {...props}
    />
  );
}

export function CardTitle({ className, ...props }: ComponentProps<'h2'>): ReactElement {
  return (
    <h2 data-slot="card-title" className={cn('limi:leading-none limi:font-semibold', className)} {...props} />
  );
}

export function CardDescription({ className, ...props }: ComponentProps<'p'>): ReactElement {
  return (
    <p
      data-slot="card-description"
      className={cn('limi:text-sm limi:text-muted-foreground', className)}
      {...props}
    />
  );
}

export function CardContent({ className, ...props }: ComponentProps<'div'>): ReactElement {
  return <div data-slot="card-content" className={cn('limi:px-6', className)} {...props} />;
}
