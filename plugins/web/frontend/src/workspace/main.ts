import { createApp } from 'vue';
import App from './App.vue';
import { language, setLanguage } from './i18n';
import { router } from './router';
import './style/base.css';
import './style/frame.css';
import './style/inbox.css';
import './style/details.css';
import './style/narrow.css';

setLanguage(language.value);
createApp(App).use(router).mount('#app');
