// How do names of files and variables become a tree? Folders with a single folder in them are one
// row, as in editors.
import type { ChangedResource } from "../../api/schema";
import { keyText } from "./answers";

export interface TreeRow {
  readonly key: string;
  readonly depth: number;
  readonly label: string;
  /** What it is: a leaf has its resource. */
  readonly resource?: ChangedResource;
  /** Leaves below it. */
  readonly count: number;
  readonly isOpen: boolean;
}

interface Folder {
  readonly key: string;
  label: string;
  readonly folders: Map<string, Folder>;
  readonly leaves: ChangedResource[];
  count: number;
}

/** Above so many, only the outermost folders are open. */
export const MAX_OPEN = 200;
export const FILE = "FILE_SYSTEM";

/** The rows to show, of folders and what is in those that are open. `toggled`: keys of folders that
 * somebody opened or closed. */
export function treeRows(resources: readonly ChangedResource[], toggled: ReadonlySet<string>): TreeRow[] {
  const root = folder("", "");
  for (const each of resources) place(root, each);
  const isSmall = resources.length <= MAX_OPEN;
  const rows: TreeRow[] = [];
  const show = (each: Folder, depth: number): void => {
    for (const below of sorted(each.folders)) {
      const joined = join(below);
      const isOpen = (isSmall || depth === 0) !== toggled.has(joined.key);
      rows.push({ key: joined.key, depth, label: joined.label, count: joined.count, isOpen });
      if (isOpen) show(joined, depth + 1);
    }
    for (const leaf of each.leaves) {
      rows.push({ key: keyText(leaf), depth, label: nameOf(leaf), resource: leaf, count: 1, isOpen: false });
    }
  };
  show(root, 0);
  return rows;
}

function folder(key: string, label: string): Folder {
  return { key, label, folders: new Map(), leaves: [], count: 0 };
}

function place(root: Folder, resource: ChangedResource): void {
  let at = root;
  for (const name of [resource.workspace || "no workspace", ...pathOf(resource)]) {
    let next = at.folders.get(name);
    if (next === undefined) {
      next = folder(`${at.key}\n${name}`, name);
      at.folders.set(name, next);
    }
    next.count += 1;
    at = next;
  }
  at.leaves.push(resource);
}

function pathOf(resource: ChangedResource): string[] {
  if (resource.type !== FILE) return [kindOf(resource.type)];
  return resource.name.split("/").slice(0, -1).filter(Boolean);
}

function nameOf(resource: ChangedResource): string {
  return resource.type === FILE ? (resource.name.split("/").at(-1) ?? "") || resource.name : resource.name;
}

/** `ENV_VAR` is `variables`. */
export function kindOf(type: string): string {
  return { ENV_VAR: "variables", DB_SCHEMA: "schemas", [FILE]: "files" }[type] ?? type.toLowerCase().replaceAll("_", " ");
}

function sorted(folders: ReadonlyMap<string, Folder>): Folder[] {
  return [...folders.values()].sort((one, other) => one.label.localeCompare(other.label, "en"));
}

function join(each: Folder): Folder {
  let found = each;
  let label = each.label;
  // A workspace stays a row of its own.
  while (found.key.split("\n").length > 2 && found.leaves.length === 0 && found.folders.size === 1) {
    const [only] = found.folders.values();
    label = `${label}/${only!.label}`;
    found = only!;
  }
  return { ...found, label };
}
