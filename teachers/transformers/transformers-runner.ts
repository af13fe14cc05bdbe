import {
  AutoModel,
  AutoModelForSequenceClassification,
  env,
  Tensor,
  type PreTrainedModel,
} from "@huggingface/transformers";
import { ONE_THREAD, type ModelRunner, type ModelToRun, type OutputTensor } from "./runner.ts";

const LOADERS = { features: AutoModel, classification: AutoModelForSequenceClassification };

/** A model as transformers.js runs it, which knows the inputs of every architecture. */
export async function openTransformersRunner({
  folder,
  dtype,
  task,
}: ModelToRun): Promise<ModelRunner> {
  env.allowRemoteModels = false;
  const model: PreTrainedModel = await LOADERS[task].from_pretrained(folder, {
    local_files_only: true,
    dtype,
    device: "cpu",
    session_options: ONE_THREAD,
  });
  const sessions = model.sessions as Record<string, { outputNames: readonly string[] }>;
  return {
    outputs: sessions["model"]?.outputNames ?? [],
    async run(inputs, shape) {
      const feeds = Object.entries(inputs).map(
        ([name, values]) => [name, new Tensor("int64", values, [...shape])] as const,
      );
      return (await model(Object.fromEntries(feeds))) as Record<string, OutputTensor | undefined>;
    },
    close: async () => {
      await model.dispose();
    },
  };
}
