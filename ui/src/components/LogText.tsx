import { visiblePieces } from "../text/visible";

interface Props {
  /** Anything that came out of a log: shown as text, with misleading characters made visible. */
  value: unknown;
  /** Keep line feeds and tabs (queries, raw records). */
  multiline?: boolean;
  className?: string;
}

/** How a value reads before escaping: text as it is, anything else as JSON. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export function LogText({ value, multiline = false, className }: Props) {
  const pieces = visiblePieces(textOf(value), !multiline);
  return (
    // `dir="ltr"` and `isolate` keep right-to-left text of a log from moving what stands around it.
    <bdi dir="ltr" className={className} translate="no">
      {pieces.map((piece, index) =>
        piece.escape ? (
          <span key={index} className="escape">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}
