// From shadcn/ui (MIT), with the prefix `limi` that its CLI puts before classes; only its destructive form is kept.
import type { ComponentProps, ReactElement } from 'react';
import { cn } from '../../lib/utils.ts';

export function Alert({ className, ...props }: ComponentProps<'div'>): ReactElement {
  return (
    <div
      data-slot="alert"
      role="alert"
      className={cn(
        'limi:relative limi:grid limi:w-full limi:grid-cols-[auto_1fr] limi:items-start limi:gap-x-3 limi:gap-y-1 limi:rounded-lg limi:border limi:border-destructive-border limi:bg-destructive limi:px-4 limi:py-3 limi:text-sm limi:text-destructive-foreground limi:[&>svg]:size-4 limi:[&>svg]:translate-y-0.5',
        className,
      )}
      {...props}
    />
  );
}

export function AlertTitle({ className, ...props }: ComponentProps<'div'>): ReactElement {
  return (
    <div
      data-slot="alert-title"
      className={cn('limi:col-start-2 limi:font-medium limi:tracking-tight', className)}
      {...props}
    />
  );
}

export function AlertDescription({ className, ...props }: ComponentProps<'div'>): ReactElement {
  return (
    <div
      data-slot="alert-description"
      className={cn('limi:col-start-2 limi:grid limi:justify-items-start limi:gap-1.5', className)}
      {...props}
    />
  );
}
