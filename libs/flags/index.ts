export {
  encryptionOptions,
  inFlightOptions,
  installationOptions,
  nameOption,
  rpcOptions,
  servingOptions,
  tokenOptions,
} from './common-options.ts';
export type { FlagsResult, OptionTable, OptionValues } from './flags.ts';
export { helpText, readFlags } from './flags.ts';
export { WrongOption } from './wrong-option.ts';
