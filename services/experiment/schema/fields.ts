import * as z from 'zod';

/*
 * Every field is made by one of these functions, so that each has a description which ends in its range, "(1 to 16)", and each is bounded.
 * The range is read back by the reference table and by the error messages: it is written down once.
 */

/** A whole number within int32, from min to max, a multiple of `step`. */
export function whole(purpose: string, min: number, max: number, step = 1) {
  const range = step === 1 ? `${min} to ${max}` : `${min} to ${max}, a multiple of ${step}`;
  const bounded = z.int32().min(min).max(max);
  return (step === 1 ? bounded : bounded.multipleOf(step)).meta(described(purpose, range));
}

/** A finite number from min to max. */
export function real(purpose: string, min: number, max: number) {
  return z
    .number()
    .min(min)
    .max(max)
    .meta(described(purpose, `${min} to ${max}`));
}

export function flag(purpose: string) {
  return z.boolean().meta(described(purpose, 'true or false'));
}

export function choice<const T extends readonly [string, ...string[]]>(purpose: string, values: T) {
  return z.enum(values).meta(described(purpose, values.join(', ')));
}

/** Text of 1 to max characters on one line. */
export function line(purpose: string, max: number) {
  return matching(purpose, /^[^\p{Cc}]+$/u, max, `1 to ${max} characters on one line`);
}

/** Any text, also none. */
export function text(purpose: string, max: number) {
  return z
    .string()
    .max(max)
    .meta(described(purpose, `at most ${max} characters`));
}

/** A name that Kubernetes takes as a label and NATS as a token of a subject. */
export function dnsLabel(purpose: string, max = 63) {
  return matching(purpose, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, max, `1 to ${max} lower-case letters, digits and inner hyphens`);
}

/** An amount of a resource in Kubernetes' notation; text only, since a CRD cannot offer a choice of types. */
export function quantity(purpose: string) {
  return matching(purpose, /^[0-9]+(\.[0-9]+)?(m|k|[KMGTPE]i|[MGTPE])?$/, 32, 'a quoted quantity such as "500m" or "4Gi"');
}

export function list<T extends z.ZodType>(purpose: string, item: T, min: number, max: number) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .meta(described(purpose, `${min} to ${max} items`));
}

/** A mapping with free keys. */
export function mapping<T extends z.ZodType<string>>(purpose: string, value: T, max: number) {
  return z
    .record(z.string(), value)
    .refine((entries) => Object.keys(entries).length <= max)
    .meta({ ...described(purpose, `at most ${max} entries`), maxProperties: max });
}

/** A mapping whose fields are known: any other is an error. */
export function section<T extends z.ZodRawShape>(purpose: string, shape: T) {
  return z.strictObject(shape).meta({ description: purpose });
}

function matching(purpose: string, pattern: RegExp, max: number, range: string) {
  return z.string().min(1).max(max).regex(pattern).meta(described(purpose, range));
}

function described(purpose: string, range: string) {
  return { description: `${purpose} (${range})` };
}
