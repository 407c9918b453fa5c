/** The readers of `/events`, in the JSON of STAT. */
export interface FeedStatus {
  readonly readers: number;
  /** Events that readers have missed since the start because they were too slow: each counts for each of them. */
  readonly leftOut: number;
}
