/** What `make build` knew of the sources that it packed. */
export interface BuildInfo {
  /** Empty where it is not known. */
  readonly commit: string;
  /** `archive`: there was no git to ask. `source`: the sources run as they are, without a build. */
  readonly treeState: 'clean' | 'dirty' | 'archive' | 'source';
  /**
   * When the commit was made, so that the same commit gives the same build; empty where it is not
   * known.
   */
  readonly date: string;
}

/** `tools/build` puts its value in place of the name. */
declare const kcpTsBuildInfo: BuildInfo;

export const buildInfo: BuildInfo =
  typeof kcpTsBuildInfo === 'undefined' ? { commit: '', treeState: 'source', date: '' } : kcpTsBuildInfo;
