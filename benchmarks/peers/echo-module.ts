/** The module that stands in plugins/wasm/README.md, assembled: its answer is its input. */
export const echoModule: Uint8Array = Uint8Array.from(
  Buffer.from(
    "AGFzbQEAAAABEANgAAF/YAF/AX9gAn9/AX4DBAMAAQIFBAEBAhAHMAQGbWVtb3J5AgAIbW9mYV9hYmkAAAptb2ZhX2FsbG9jAAELbW9mYV9oYW5kbGUAAgomAwQAQQELEgAgAEGAgARLBH9BAAVBgAgLCwwAIACtQiCGIAGthAs=",
    "base64",
  ),
);
