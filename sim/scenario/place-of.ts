/**
 * Where a field stands in its file: file, line and column.
 *
 * @param at the field's path; where the file leaves it out, the innermost part that it has counts.
 */
export type PlaceOf = (at: readonly (string | number)[]) => string;
