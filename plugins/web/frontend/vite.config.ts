import vue from '@vitejs/plugin-vue';
import { defineConfig, type Plugin } from 'vite';

/** The pages embed `/widget.js`, which exists only after the build; in development the source takes its place. */
function widgetInDevelopment(): Plugin {
  return {
    name: 'qiao-widget-in-development',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        if (request.url === '/') request.url = '/shop/index.html';
        else if (request.url === '/workspace' || request.url === '/workspace/') request.url = '/workspace/index.html';
        else if (/^\/workspace\/[^/]+\.(png|svg|webmanifest)$/.test(request.url ?? '')) {
          request.url = request.url?.replace('/workspace/', '/workspace/public/');
        }
        next();
      });
    },
    transformIndexHtml: (html) => html.replace('<script src="/widget.js"', '<script type="module" src="/src/widget/main.ts"'),
  };
}

const hub = process.env.QIAO_HUB ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [vue(), widgetInDevelopment()],
  appType: 'mpa',
  server: {
    host: '127.0.0.1',
    fs: { allow: ['.', '../../../sdk/app/js/src'] },
    // The hub compares Origin with its own address; the browser sends the one of this server.
    proxy: { '/api': { target: hub, ws: true, changeOrigin: true, headers: { origin: hub } } },
  },
});
