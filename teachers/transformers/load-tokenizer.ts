import { AutoTokenizer, env, type PreTrainedTokenizer } from "@huggingface/transformers";

/** Loads the tokenizer of a model's folder; nothing is fetched. */
export async function loadTokenizer(folder: string): Promise<PreTrainedTokenizer> {
  env.allowRemoteModels = false;
  return AutoTokenizer.from_pretrained(folder, { local_files_only: true });
}
