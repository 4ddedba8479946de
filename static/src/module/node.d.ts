// What of Node is used here.
declare module "node:worker_threads" {
  export class Worker {
    constructor(script: string, options: { eval: true; name: string });
    on(event: "message", hear: (data: any) => void): void;
    on(event: "error", hear: (error: Error) => void): void;
    postMessage(message: unknown): void;
    terminate(): Promise<number>;
    ref(): void;
    unref(): void;
  }
}
