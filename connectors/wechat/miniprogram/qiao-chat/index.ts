import {ChatClient, type ChatState, type Platform} from './chat-client';

declare const wx: Platform & {
  chooseMedia(options: {count: number; mediaType: string[]; success: (result: {tempFiles: {tempFilePath: string}[]}) => void}): void;
  showToast(options: {title: string; icon: 'none'}): void;
  previewImage(options: {urls: string[]}): void;
  setClipboardData(options: {data: string}): void;
};
declare function Component(description: object): void;

const textsOf = (language: string) => (language.startsWith('zh') ? TEXTS.zh : TEXTS.en);

interface Self {
  properties: {hub: string; site: string; language: string; login: string};
  data: {draft: string};
  client?: ChatClient;
  setData(data: object): void;
}

const TEXTS = {
  zh: {placeholder: '请输入', send: '发送', connecting: '正在连接…', stopped: '客服暂不可用', queued: '排队中，前面还有', typing: '对方正在输入…', person: '转人工',
    rate: '请为本次服务评分', failed: '未发送', notSent: '文件未能发送'},
  en: {placeholder: 'Write a message', send: 'Send', connecting: 'Connecting…', stopped: 'Not available', queued: 'Waiting, ahead of you:', typing: 'is typing…',
    person: 'Talk to a person', rate: 'Please rate this conversation', failed: 'not sent', notSent: 'The file was not sent'},
};

Component({
  properties: {
    hub: String,
    site: String,
    language: {type: String, value: 'zh-CN'},
    login: String,
  },
  data: {messages: [], connected: false, state: 'bot', place: 0, typing: false, rate: false, stopped: '', draft: '', last: '', texts: TEXTS.zh, stars: [1, 2, 3, 4, 5]},
  lifetimes: {
    attached(this: Self) {
      const {hub, site, language, login} = this.properties;
      this.setData({texts: textsOf(language)});
      this.client = new ChatClient({wx, hub, site, language, login: login || undefined, onChange: (state: ChatState) => {
        const last = state.messages[state.messages.length - 1];
        this.setData({...state, last: last ? `m${last.id}` : ''});
      }});
      this.client.open();
    },
    detached(this: Self) {
      this.client?.close();
    },
  },
  pageLifetimes: {
    show(this: Self) {
      this.client?.resume();
      this.client?.read();
    },
  },
  methods: {
    onInput(this: Self, event: {detail: {value: string}}) {
      this.setData({draft: event.detail.value});
      this.client?.typing(event.detail.value !== '');
    },
    onSend(this: Self) {
      const words = this.data.draft.trim();
      if (!words) return;
      this.client?.send(words);
      this.setData({draft: ''});
    },
    onPicture(this: Self) {
      wx.chooseMedia({count: 1, mediaType: ['image', 'video'], success: ({tempFiles}) => {
        this.client?.sendFile(tempFiles[0].tempFilePath).catch(() => wx.showToast({title: textsOf(this.properties.language).notSent, icon: 'none'}));
      }});
    },
    onButton(this: Self, event: {currentTarget: {dataset: {value: string; url: string}}}) {
      const {value, url} = event.currentTarget.dataset;
      if (url) wx.setClipboardData({data: url});
      else this.client?.send(value);
    },
    onPreview(event: {currentTarget: {dataset: {url: string}}}) {
      wx.previewImage({urls: [event.currentTarget.dataset.url]});
    },
    onPerson(this: Self) {
      this.client?.handoff();
    },
    onRate(this: Self, event: {currentTarget: {dataset: {score: number}}}) {
      this.client?.rate(event.currentTarget.dataset.score);
    },
  },
});
