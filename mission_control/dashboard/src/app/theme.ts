// Light, dark, or as the system has it? The browser remembers.

export type Theme = "system" | "light" | "dark";
const KEY = "ganglion.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export function storedTheme(): Theme {
  try {
    const found = localStorage.getItem(KEY);
    return ORDER.find((each) => each === found) ?? "system";
  } catch {
    return "system"; // storage is forbidden
  }
}

export function applyStoredTheme(): void {
  apply(storedTheme());
}

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** The next of the three, which is from now on. */
export function nextTheme(): Theme {
  const next = ORDER[(ORDER.indexOf(storedTheme()) + 1) % ORDER.length] ?? "system";
  apply(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds until the page is closed.
  }
  return next;
}
