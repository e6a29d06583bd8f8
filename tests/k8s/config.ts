/**
 * Whether everything is tried, which takes a while: `make test-k8s` sets KCP_K8S. Without it a
 * smaller installation is.
 */
export const isWhole = process.env['KCP_K8S'] === 'whole';
