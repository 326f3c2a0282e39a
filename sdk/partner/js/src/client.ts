/** Stock as the hub tells it. */
export interface Stock {
  sku: string;
  /** As asked for; empty: all warehouses together. */
  warehouse: string;
  name: string;
  unit: string;
  /** What can be promised. */
  available: number;
  warehouses: { warehouse: string; name: string; available: number }[];
  /** When the ERP said so, ISO 8601. */
  as_of: string;
  /** Older than it should be: the ERP does not answer. */
  stale: boolean;
}

export interface StockList {
  items: Stock[];
  /** SKUs that do not exist. */
  unknown: string[];
  /** Nothing is known of them at the moment. */
  unavailable: string[];
  /** SKUs that the key does not open. */
  forbidden: string[];
}

export interface Product {
  sku: string;
  name: string;
  barcode: string;
  unit: string;
  /** Decimal text; empty: not known. */
  price: string;
  currency: string;
  url: string;
  attributes: Record<string, string>;
}

export interface ProductList {
  products: Product[];
  as_of: string;
  stale: boolean;
}

export interface Quota {
  limit: number;
  remaining: number;
  /** Seconds until it begins anew. */
  reset: number;
}

/** What the hub refused, or that it could not be reached (status 0). */
export class QiaoError extends Error {
  override readonly name = 'QiaoError';
  constructor(
    /** HTTP status; 0: no answer. */
    readonly status: number,
    /** Stable, e.g. "partners.unknown_sku". */
    readonly id: string,
    message: string,
    /** Seconds to wait before asking again; 0: nothing was said. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

export interface Options {
  /** "https://hub.example.org" */
  hub: string;
  /** A server key, "qk_…". */
  key: string;
  /** For one request, in ms. */
  timeout?: number;
  /** How often 429 and 503 are tried again. */
  retries?: number;
  /** The longest wait before that, in ms. */
  longestWait?: number;
  fetch?: typeof fetch;
}

/** Reads stock and products from a hub. Remembers answers by their ETag, so that what has not changed is not sent again. */
export class QiaoPartner {
  /** After the last answer. */
  quota: Quota | undefined;
  private readonly options: Required<Options>;
  private readonly known = new Map<string, { tag: string; body: unknown }>();

  constructor(options: Options) {
    this.options = { timeout: 5000, retries: 2, longestWait: 10_000, fetch: globalThis.fetch, ...options };
    this.options.hub = options.hub.replace(/\/+$/, '');
  }

  /** Throws a QiaoError with status 404 for a SKU that does not exist. */
  stock(sku: string, warehouse = ''): Promise<Stock> {
    return this.get<Stock>('/stock', { sku, ...(warehouse && { warehouse }) });
  }

  /** Up to 100 SKUs. */
  async stockBatch(skus: string[], warehouse = ''): Promise<StockList> {
    const { body } = await this.ask('POST', '/api/partner/v1/stock', JSON.stringify({ skus, warehouse }));
    return body as StockList;
  }

  products(search: string, limit = 10): Promise<ProductList> {
    return this.get<ProductList>('/products', { search, limit: String(limit) });
  }

  private async get<T>(path: string, query: Record<string, string>): Promise<T> {
    const target = `/api/partner/v1${path}?${new URLSearchParams(query)}`;
    const known = this.known.get(target);
    const answer = await this.ask('GET', target, undefined, known?.tag);
    if (answer.status === 304 && known) return known.body as T;
    if (answer.tag) {
      if (this.known.size >= 1000) this.known.clear();
      this.known.set(target, { tag: answer.tag, body: answer.body });
    }
    return answer.body as T;
  }

  private async ask(method: string, target: string, content?: string, tag?: string) {
    for (let attempt = 0; ; ++attempt) {
      try {
        return await this.once(method, target, content, tag);
      } catch (error) {
        const again = error instanceof QiaoError && [0, 429, 503].includes(error.status) && attempt < this.options.retries;
        const wait = error instanceof QiaoError && error.retryAfter > 0 ? error.retryAfter * 1000 : 250 * 2 ** attempt;
        if (!again || wait > this.options.longestWait) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  private async once(method: string, target: string, content?: string, tag?: string) {
    const headers: Record<string, string> = { authorization: `Bearer ${this.options.key}`, accept: 'application/json' };
    if (content) headers['content-type'] = 'application/json';
    if (tag) headers['if-none-match'] = tag;
    let response: Response;
    let body: any;
    try {
      response = await this.options.fetch(this.options.hub + target, {
        method,
        headers,
        ...(content && { body: content }),
        signal: AbortSignal.timeout(this.options.timeout),
        redirect: 'error',
      });
      const text = await response.text();
      body = text ? JSON.parse(text) : undefined;
    } catch (error) {
      throw new QiaoError(0, 'no_answer', `${this.options.hub} did not answer: ${error instanceof Error ? error.message : error}`);
    }
    const number = (name: string) => Number(response.headers.get(name) ?? 0);
    if (response.headers.has('ratelimit-limit')) {
      this.quota = { limit: number('ratelimit-limit'), remaining: number('ratelimit-remaining'), reset: number('ratelimit-reset') };
    }
    if (!response.ok && response.status !== 304) {
      const id = String(body?.type ?? '').replace('urn:qiao:error:', '') || `http.${response.status}`;
      throw new QiaoError(response.status, id, body?.detail ?? response.statusText, number('retry-after'));
    }
    return { status: response.status, body, tag: response.headers.get('etag') };
  }
}
