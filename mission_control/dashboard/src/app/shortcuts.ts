// Which keys do the same on every page?
import { addressStore, formatAddress, go } from "../stores/address";
import { backToLive } from "../stores/playhead";
import { copyText } from "../ui/copy";
import { useKeys } from "../ui/keys";
import { toast } from "../ui/toasts";
import type { Overlay } from "./Shell";
import { VIEWS } from "./views";

const EVERYWHERE = "Everywhere";

export function useGlobalKeys(show: (overlay: Overlay) => void): void {
  useKeys([
    { keys: "?", label: "Show the keys that do something now", group: EVERYWHERE, run: () => show("keys") },
    { keys: "Mod+k", label: "Search and commands", group: EVERYWHERE, whileTyping: true, run: () => show("palette") },
    { keys: "y", label: "Copy the link to what is shown", group: EVERYWHERE, run: () => void copyLink() },
    { keys: "0", label: "Back to live", group: EVERYWHERE, run: backToLive },
    { keys: "Escape", label: "Close what is open beside the page", group: EVERYWHERE, run: closeSelection },
    ...VIEWS.map((each) => ({
      keys: `g ${each.key}`,
      label: each.title,
      group: "Go to",
      run: () => go({ view: each.name, id: "" }),
    })),
  ]);
}

export async function copyLink(): Promise<void> {
  const link = location.origin + formatAddress(addressStore.getState());
  const done = await copyText(link);
  toast(done ? "Copied the link to this moment" : link, done ? "good" : "plain");
}

function closeSelection(): void {
  go({ sel: "" });
}
