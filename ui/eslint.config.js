import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  // The types of the API are generated.
  { ignores: ["dist", "node_modules", "src/api/schema.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}"],
    languageOptions: { globals: globals.browser },
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      // Log text reaches the page as text only.
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Render log text with <LogText>, as text." },
        { selector: "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]", message: "Set textContent instead." },
      ],
      "no-eval": "error",
      "max-lines": ["error", { max: 400, skipBlankLines: false }],
    },
  },
  { files: ["e2e/**/*.mjs", "*.config.{js,ts}", "build-plugins/**"], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
);
