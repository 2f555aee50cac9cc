/**
 * A WebAssembly module that counts the words of a text: as it is written, and as `wat2wasm` makes it. It has two faults that
 * nobody would write on purpose: a text that begins with `?` it cannot bear, and with `!` it never ends.
 */
export const wordsText = `(module
  (memory (export "memory") 2 2)

  (func (export "mofa_abi") (result i32) (i32.const 1))

  ;; Room for 64 KiB of input, behind the 4 bytes of the answer.
  (func (export "mofa_alloc") (param $size i32) (result i32)
    (if (result i32) (i32.gt_u (local.get $size) (i32.const 65536))
      (then (i32.const 0))
      (else (i32.const 4))))

  ;; The number of words, as 4 bytes at 0.
  (func (export "mofa_handle") (param $at i32) (param $length i32) (result i64)
    (local $end i32) (local $words i32) (local $isWord i32) (local $wasWord i32)
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 63)) (then (unreachable)))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 33)) (then (loop $ever (br $ever))))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $isWord (i32.gt_u (i32.load8_u (local.get $at)) (i32.const 32)))
        (local.set $words (i32.add (local.get $words)
          (i32.and (local.get $isWord) (i32.eqz (local.get $wasWord)))))
        (local.set $wasWord (local.get $isWord))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 0) (local.get $words))
    (i64.const 4)))
`;

export const wordsModule: Uint8Array = Uint8Array.from(
  Buffer.from(
    "AGFzbQEAAAABEANgAAF/YAF/AX9gAn9/AX4DBAMAAQIFBAEBAgIHMAQGbWVtb3J5AgAIbW9mYV9hYmkAAAptb2ZhX2FsbG9jAAELbW9mYV9oYW5kbGUAAgp4AwQAQQELEQAgAEGAgARLBH9BAAVBBAsLXwEEfyAALQAAQT9GBEAACyAALQAAQSFGBEADQAwACwsgACABaiECAkADQCAAIAJPDQEgAC0AAEEgSyEEIAMgBCAFRXFqIQMgBCEFIABBAWohAAwACwtBACADNgIAQgQL",
    "base64",
  ),
);
