/** What is wrong with memories in a store: the documents and their index, each compared with what the other says. */
import type { StorageClient, StoredEntry } from "../../core/index.ts";
import { type DocumentRecord, MemoryKeys, type PostingList } from "../../plugins/tool-memory/memory-keys.ts";
import { termCounts, termsOf } from "../../plugins/tool-memory/terms.ts";

/** Of all keys of a namespace that are not as its documents say, and the other way round. None: they agree. */
export async function faultsOfMemories(store: StorageClient, namespace: string): Promise<string[]> {
  const keys = new MemoryKeys(namespace);
  const found = new Map((await allOf(store, keys.collections)).map(({ key, value }) => [key, value]));
  const names = [...found.keys()]
    .filter((key) => key.split("/").length === 3)
    .map((key) => key.split("/")[2] as string);
  const wanted = new Map<string, unknown>();
  const faults: string[] = [];
  if (names.length > 0) wanted.set(keys.collections, names.sort());
  for (const name of names) {
    const figures = { documents: 0, chunks: 0, terms: 0, bytes: 0 };
    const { embedding } = found.get(keys.of(name)) as { readonly embedding?: object };
    let vectors = 0;
    for (const [key, value] of found) {
      const prefix = keys.document(name, "");
      if (!key.startsWith(prefix)) continue;
      const number = key.slice(prefix.length);
      const record = value as DocumentRecord;
      figures.documents++;
      figures.chunks += record.chunks;
      figures.bytes += record.bytes;
      wanted.set(key, value);
      wanted.set(keys.id(name, record.id), number);
      const postings = new Map<string, PostingList[number][]>();
      let terms = 0;
      for (let place = 0; place < record.chunks; place++) {
        const chunkKey = keys.chunk(name, `${number}/${place}`);
        const chunk = found.get(chunkKey) as { readonly text: string } | undefined;
        if (chunk === undefined) faults.push(`${chunkKey} is not there`);
        const all = termsOf(chunk?.text ?? "");
        terms += all.length;
        for (const [term, count] of termCounts(all))
          postings.set(term, [...(postings.get(term) ?? []), [place, count, all.length]]);
        wanted.set(chunkKey, chunk);
        const vector = await store.getVector({ collection: keys.of(name), id: `${number}/${place}` });
        if (record.hasVectors !== (vector !== undefined)) faults.push(`${chunkKey}: its vector`);
        if (vector !== undefined) vectors++;
      }
      if (record.terms !== terms) faults.push(`${key}: ${record.terms} terms, and it has ${terms}`);
      figures.terms += terms;
      for (const [term, list] of postings) wanted.set(keys.posting(name, term, number), list);
      wanted.set(keys.terms(name, number), [...postings.keys()]);
    }
    wanted.set(keys.of(name), { ...figures, ...(embedding !== undefined && { embedding }) });
    if (figures.documents === 0) faults.push(`${name} is empty, and there`);
    const kept = await vectorsOf(store, keys.of(name));
    if (kept !== vectors) faults.push(`${name}: ${kept} vectors, and its chunks have ${vectors}`);
  }
  for (const [key, value] of found)
    if (JSON.stringify(wanted.get(key)) !== JSON.stringify(value))
      faults.push(`${key} is ${JSON.stringify(value)}, and not ${JSON.stringify(wanted.get(key))}`);
  for (const key of wanted.keys()) if (!found.has(key)) faults.push(`${key} is not there`);
  return faults;
}

async function allOf(store: StorageClient, prefix: string): Promise<StoredEntry[]> {
  const all: StoredEntry[] = [];
  for (let after: string | undefined; ; after = all.at(-1)?.key) {
    const page = await store.list({ prefix, limit: 10_000, ...(after !== undefined && { after }) });
    all.push(...page);
    if (page.length < 10_000) return all.filter(({ key }) => key === prefix || key.startsWith(`${prefix}/`));
  }
}

/** By euclidean distance each is found. */
async function vectorsOf(store: StorageClient, collection: string): Promise<number> {
  for (const dimension of [64, 32]) {
    const vector = new Array<number>(dimension).fill(0);
    const found = await store
      .searchVectors({ collection, vector, metric: "euclidean", k: 10_000 })
      .catch(({ code }: { readonly code?: unknown }) => code);
    if (Array.isArray(found)) return found.length;
    if (found !== "dimension_mismatch") throw new Error(String(found));
  }
  throw new Error(`${collection} has vectors of neither 64 nor 32 numbers`);
}
