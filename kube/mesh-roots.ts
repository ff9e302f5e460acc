// The ConfigMap by which the extender's leader tells every proxy whom to trust.

/** Its key: root certificates, PEM, one after the other. */
export const ROOTS_KEY = "roots.crt";
