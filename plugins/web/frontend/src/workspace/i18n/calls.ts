/** Texts of telephone calls. */

import { translator } from '.';

export const p = translator(
  {
    calls: '电话',
    ringing: '来电',
    outbound: '呼出',
    answered: '通话中',
    held: '客户等待中',
    transferred: '已转接给您',
    withheld: '号码未显示',
    unknown: '新客户',
    extension: '分机 {n}',
    queue: '队列 {name}',
    open: '打开对话',
    profile: '客户资料',
    hide: '收起',
    dial: '给客户打电话',
    dialling: '正在呼叫您的话机，接起后自动拨打客户',
  },
  {
    calls: 'Telephone',
    ringing: 'Incoming call',
    outbound: 'Outgoing call',
    answered: 'Talking',
    held: 'On hold',
    transferred: 'Transferred to you',
    withheld: 'Number withheld',
    unknown: 'New customer',
    extension: 'extension {n}',
    queue: 'queue {name}',
    open: 'Open conversation',
    profile: 'Profile',
    hide: 'Hide',
    dial: 'Call the customer',
    dialling: 'Your phone rings now; when you pick it up the customer is called',
  },
);
