import { LimbeckError } from "../errors.ts";

/** Where models are downloaded from. */
export interface HubSettings {
  /** Without a slash at its end. */
  endpoint: string;
  /** Kept in memory only: it stands in no file, message or log. */
  token: string | null;
  /** Whether the environment forbids every request. */
  offline: boolean;
  /** Wait before a request is repeated, doubled each time. */
  retryMilliseconds: number;
  /** A connection that sends nothing for so long is given up. */
  idleMilliseconds: number;
}

const DEFAULT_ENDPOINT = "https://huggingface.co";

function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false", "no", "off"].includes(value.toLowerCase());
}

/**
 * Settings of the model hub from the environment, by the names that the hub's own tools have: `HF_ENDPOINT`, `HF_TOKEN`,
 * `HF_HUB_OFFLINE`.
 *
 * @throws LimbeckError `E_TEACHER` where the endpoint is no http address.
 */
export function readHubSettings(environment: NodeJS.ProcessEnv = process.env): HubSettings {
  const given = environment["HF_ENDPOINT"]?.trim();
  const endpoint = (given ? given : DEFAULT_ENDPOINT).replace(/\/+$/, "");
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    // The value is not repeated: it may hold a password.
    throw new LimbeckError(
      "E_TEACHER",
      `Expected HF_ENDPOINT to be an address such as ${DEFAULT_ENDPOINT}, without a user or a password, got another value. ` +
        "Mend or unset it; a token belongs into HF_TOKEN.",
    );
  }
  const token = environment["HF_TOKEN"]?.trim();
  return {
    endpoint,
    token: token ? token : null,
    offline: isOn(environment["HF_HUB_OFFLINE"]),
    retryMilliseconds: 1000,
    idleMilliseconds: 60_000,
  };
}
