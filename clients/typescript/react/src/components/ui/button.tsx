// From shadcn/ui (MIT), with the prefix `limi` that its CLI puts before classes, and without `asChild`.
import { cva, type VariantProps } from 'class-variance-authority';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from '../../lib/utils.ts';

const buttonVariants = cva(
  "limi:inline-flex limi:items-center limi:justify-center limi:gap-2 limi:whitespace-nowrap limi:rounded-md limi:text-sm limi:font-medium limi:cursor-pointer limi:transition-all limi:shrink-0 limi:outline-none limi:[&_svg]:pointer-events-none limi:[&_svg:not([class*='size-'])]:size-4 limi:[&_svg]:shrink-0 limi:focus-visible:ring-ring/50 limi:focus-visible:ring-[3px] limi:disabled:pointer-events-none limi:disabled:opacity-50 limi:aria-disabled:cursor-default limi:aria-disabled:opacity-70",
  {
    variants: {
      variant: {
        default: 'limi:bg-primary limi:text-primary-foreground limi:shadow-xs limi:hover:bg-primary/90',
        outline:
          'limi:border limi:bg-background limi:shadow-xs limi:hover:bg-accent limi:hover:text-accent-foreground',
        secondary: 'limi:bg-secondary limi:text-secondary-foreground limi:hover:bg-secondary/80',
        ghost: 'limi:hover:bg-accent limi:hover:text-accent-foreground',
      },
      size: {
        default: 'limi:h-9 limi:px-4 limi:py-2 limi:has-[>svg]:px-3',
        lg: 'limi:h-10 limi:px-6 limi:has-[>svg]:px-4',
        icon: 'limi:size-9',
      },
    },
    defaultVariants: { variant: 'default', size: 'default' },
  },
);

export type ButtonProps = ComponentProps<'button'> & VariantProps<typeof buttonVariants>;

export function Button({ className, variant, size, type = 'button', ...props }: ButtonProps): ReactElement {
  return (
    <button
      data-slot="button"
      type={type}
      className={cn(buttonVariants({ variant, size }), className)}
      {...props}
    />
  );
}
