// What the page and the worker that keeps files say to each other.

export type Request = { id: number } & (
  | { do: "list" | "clear" }
  | { do: "read" | "remove"; name: string }
  | { do: "write"; name: string; content: BlobPart[] }
);

export interface Reply {
  id: number;
  files?: KeptFile[];
  content?: Blob; // of a file that there is
  failed?: { name: string; message: string }; // of the error
}

export interface KeptFile {
  name: string;
  size: number; // bytes
}
