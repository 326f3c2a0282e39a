import type { Attachment } from './protocol.js';

export class UploadError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** "web.file_type" of `"type":"urn:qiao:error:web.file_type"`. */
export function problemCode(problem: Record<string, unknown>): string {
  return String(problem.type ?? '').replace('urn:qiao:error:', '');
}

/** Sends one file as multipart field `file`. XMLHttpRequest, because fetch does not tell how far an upload is. */
export function uploadFile(url: string, file: File, token: string | null, onProgress: (share: number) => void): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      let body: Record<string, unknown> = {};
      try {
        body = JSON.parse(request.responseText) as Record<string, unknown>;
      } catch {
        // A proxy in between may answer HTML; the status says enough.
      }
      if (request.status >= 200 && request.status < 300 && typeof body.id === 'string') resolve(body as unknown as Attachment);
      else reject(new UploadError(request.status, problemCode(body), String(body.detail ?? body.title ?? '')));
    };
    request.onerror = () => reject(new UploadError(0, 'network', ''));
    const form = new FormData();
    form.append('file', file, file.name || 'file');
    request.send(form);
  });
}
