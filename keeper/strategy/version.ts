/** Who decides. The version changes whenever the same inputs could give another decision. */
export const STRATEGY = { name: "layered", version: "0.4.0" } as const;
