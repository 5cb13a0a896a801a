// From shadcn/ui (MIT), with the prefix `limi` that its CLI puts before classes, and with this product's states.
import { cva, type VariantProps } from 'class-variance-authority';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from '../../lib/utils.ts';

const badgeVariants = cva(
  'limi:inline-flex limi:items-center limi:justify-center limi:gap-1.5 limi:rounded-full limi:border limi:px-2.5 limi:py-0.5 limi:text-xs limi:font-medium limi:w-fit limi:whitespace-nowrap limi:shrink-0 limi:transition-colors limi:[&>svg]:size-3 limi:[&>svg]:pointer-events-none',
  {
    variants: {
      variant: {
        success: 'limi:border-transparent limi:bg-success limi:text-success-foreground',
        busy: 'limi:border-transparent limi:bg-busy limi:text-busy-foreground',
        outline: 'limi:text-muted-foreground',
        destructive: 'limi:border-transparent limi:bg-destructive limi:text-destructive-foreground',
      },
    },
    defaultVariants: { variant: 'outline' },
  },
);

export type BadgeVariant = NonNullable<VariantProps<typeof badgeVariants>['variant']>;
export type BadgeProps = ComponentProps<'span'> & VariantProps<typeof badgeVariants>;

export function Badge({ className, variant, ...props }: BadgeProps): ReactElement {
  return <span data-slot="badge" className={cn(badgeVariants({ variant }), className)} {...props} />;
}
