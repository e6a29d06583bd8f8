/** What a text is as an IP address: functions of `node:net` that open nothing. */
export { isIP, isIPv4, isIPv6 } from 'node:net';
