// Files as a person gives them: dropped, chosen, a folder, or pasted. Folders keep their names, which may be classes.

/** A file as it was given. */
export interface Dropped {
  name: string; // with slashes
  file: File;
}

export const holdsFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes("Files") ?? false;

export function chosen(list: FileList | null): Dropped[] {
  return [...(list ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
}

/** What was dropped, with all that lies in folders. Entries must be asked for before anything is awaited. */
export async function dropped(transfer: DataTransfer): Promise<Dropped[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (entries.length === 0) return chosen(transfer.files);
  const all: Dropped[] = [];
  for (const entry of entries) await walk(entry, all);
  return all;
}

async function walk(entry: FileSystemEntry, all: Dropped[]) {
  if (entry.isFile) {
    const file = await new Promise<File>((found, fail) => (entry as FileSystemFileEntry).file(found, fail));
    all.push({ name: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((found, fail) => reader.readEntries(found, fail)); // in batches, until none is left
    if (some.length === 0) return;
    for (const one of some) await walk(one, all);
  }
}
