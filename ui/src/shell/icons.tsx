/** Line icons of our own, drawn on a 20 px grid; decoration only, the label says what it is. */
const PATHS = {
  queue: "M3 5h14M3 10h14M3 15h9",
  console: "M3 4h14v12H3zM6 8l2.5 2L6 12M10.5 12.5H14",
  rules: "M10 2.5l6 2.3v4.7c0 3.9-2.5 6.6-6 8-3.500-1.400-6-4.100-6-8V4.800zM7.200 9.800l2 2 3.600-3.800",
  sources: "M3.500 5.500c0-1.400 2.900-2.500 6.500-2.500s6.500 1.100 6.500 2.500-2.900 2.500-6.500 2.500-6.500-1.100-6.500-2.500zM3.500 5.500v9c0 1.400 2.900 2.500 6.500 2.500s6.500-1.100 6.500-2.500v-9M3.500 10c0 1.400 2.900 2.500 6.500 2.500s6.500-1.100 6.500-2.500",
  metrics: "M3 17h14M5.500 14v-4M10 14V5M14.500 14V8",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M11 6a2 2 0 104 0 2 2 0 10-4 0M5 14a2 2 0 104 0 2 2 0 10-4 0",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" className="icon">
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
