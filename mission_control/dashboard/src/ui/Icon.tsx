// The few pictures there are, drawn in the colour of the text beside them.
const PATHS = {
  now: "M4 13a8 8 0 1 1 16 0M12 13l4-4M4 17h16",
  live: "M3 12h4l3-8 4 16 3-8h4",
  tasks: "M4 5h4v14H4zM10 5h4v9h-4zM16 5h4v6h-4z",
  objectives: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 12h.01",
  incidents: "M12 4 2.5 20h19zM12 10v4M12 17h.01",
  workers: "M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4",
  trace: "M4 6h9M8 12h9M12 18h8",
  state: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  trends: "M3 19h18M4 15l5-5 4 3 7-8",
  sql: "M4 6c0-3 16-3 16 0v12c0 3-16 3-16 0zM4 6c0 3 16 3 16 0M4 12c0 3 16 3 16 0",
  parked: "M4 8h16v12H4zM3 4h18v4H3zM10 12h4",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 21 21",
  close: "M5 5l14 14M19 5 5 19",
  play: "M7 4.5v15l12-7.5z",
  pause: "M7 5v14M17 5v14",
  before: "M15 5l-7 7 7 7",
  after: "M9 5l7 7-7 7",
  check: "M5 12.5l4.5 4.5L19 7",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  menu: "M4 7h16M4 12h16M4 17h16",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  plus: "M12 5v14M5 12h14",
  stop: "M8 3h8l5 5v8l-5 5H8l-5-5V8z",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c0-9 16-9 16 0",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3 3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill={name === "play" ? "currentColor" : "none"}
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
