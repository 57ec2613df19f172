declare const brand: unique symbol;

/** A type that only one function makes, so that holding one proves that it was checked. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
