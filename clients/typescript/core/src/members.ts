/**
 * Records by their members: what is absent stays absent, and what is the same is not made anew.
 *
 * @module
 */

/** `T` with its undefined members absent. */
export type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leave out the members that are undefined: a member that is there but undefined is another thing than none. */
export function present<T extends object>(members: T): Present<T> {
  const known = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as Present<T>;
}

/** Whether two records have the very same members. */
export function same<T extends object>(one: T, other: T): boolean {
  return Object.keys({ ...one, ...other }).every((name) => one[name as keyof T] === other[name as keyof T]);
}
