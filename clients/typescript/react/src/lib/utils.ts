import { clsx, type ClassValue } from 'clsx';

/** Joins class names. The parts of this package never contradict one another, so nothing has to be merged. */
export function cn(...inputs: ClassValue[]): string {
  return clsx(inputs);
}
