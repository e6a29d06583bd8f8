/** Against which installation the end-to-end tests run: one process, or three shards behind front-proxies where KCP_TEST_INSTALLATION=cluster says so. */
export const installation: 'embedded' | 'cluster' =
  process.env['KCP_TEST_INSTALLATION'] === 'cluster' ? 'cluster' : 'embedded';
