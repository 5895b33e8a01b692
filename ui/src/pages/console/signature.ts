/** Where each parameter stands in a signature: the pieces between commas of the outermost parentheses. */
export function parametersOf(signature: string): [number, number][] {
  const open = signature.indexOf("(");
  if (open < 0) return [];
  const found: [number, number][] = [];
  let depth = 0;
  let start = open + 1;
  for (let index = open; index < signature.length; index += 1) {
    const character = signature[index] ?? "";
    if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character)) depth -= 1;
    if ((character === "," && depth === 1) || depth === 0) {
      if (signature.slice(start, index).trim()) found.push([start, index]);
      start = index + 1;
    }
    if (depth === 0) break;
  }
  return found;
}
