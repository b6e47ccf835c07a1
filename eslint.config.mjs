import tseslint from "typescript-eslint";

const TYPESCRIPT = ["keeper/**/*.ts", "scripts/**/*.ts", "test/**/*.ts", "hardhat.config.ts"];

export default tseslint.config(
  { ignores: ["node_modules/", "artifacts/", "cache/", "types/", "coverage/", ".strata/", "app/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.mjs"],
    extends: [tseslint.configs.recommended],
  },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      eqeqeq: "error",
      // Node runs our TypeScript by erasing the types, so nothing may need more than that. The compiler's own switch for
      // it (erasableSyntaxOnly) also refuses the code that typechain generates.
      "@typescript-eslint/no-namespace": "error",
      "@typescript-eslint/no-require-imports": "error",
      "@typescript-eslint/parameter-properties": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "Node cannot erase an enum; use a union of literals." },
      ],
      // Numbers, bigints and booleans print as one expects; objects do not, and stay forbidden.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allowAny: false, allowNullish: false, allowRegExp: false },
      ],
      // `() => emitter.close()` is clear; a block around it adds nothing.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A parameter that an interface demands and an implementation does not need is named _like this.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // `while (true)` with a return inside is how a loop over a stream of unknown length reads best.
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      // `env["NAME"]` says that the key comes from outside and may be absent.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      // It proposes `!`, which is forbidden; a cast with its reason is better.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // typechain's contracts are interfaces that extend the class Contract, and never `new`ed by us.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // `interface` or `type`, `Record` or index signature, T[] or Array<T>: the author's choice.
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/consistent-indexed-object-style": "off",
      "@typescript-eslint/array-type": "off",
      // An indexed loop is the exact and fast form over typed arrays.
      "@typescript-eslint/prefer-for-of": "off",
      // x?.length === 0 || !x says something else than a chain; `||` on numbers and strings is often meant.
      "@typescript-eslint/prefer-nullish-coalescing": ["error", { ignorePrimitives: true }],
    },
  },
  {
    // A library returns values or takes a logger; only the command line writes to the terminal.
    files: ["keeper/**/*.ts"],
    ignores: ["keeper/cli/**"],
    rules: { "no-console": "error" },
  },
  {
    // Decisions are pure and run in a browser too: no Node modules, no clock, no chance.
    files: ["keeper/strategy/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["node:*"], message: "Decisions also run in a browser." }] },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Pass the randomness in: decisions are deterministic." },
        { object: "Date", property: "now", message: "Pass the time in: decisions are deterministic." },
      ],
      "no-restricted-globals": ["error", "process", "Buffer", "setTimeout", "setInterval"],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // chai: expect(x).to.be.true
      "@typescript-eslint/no-unused-expressions": "off",
      // A test may assert that a value is there, and fails where it is not.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Fakes implement asynchronous interfaces without waiting for anything.
      "@typescript-eslint/require-await": "off",
    },
  },
);
