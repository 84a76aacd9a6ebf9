// Where does the page begin?
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../ui/theme.css";
import { openSession } from "../api/session";
import { followBrowser } from "../stores/address";
import { listenForKeys } from "../ui/keys";
import { App } from "./App";
import { applyStoredTheme } from "./theme";

applyStoredTheme();
followBrowser();
listenForKeys();
void openSession();
addEventListener("hashchange", () => void openSession());

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no place for the dashboard");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
