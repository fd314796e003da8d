/// How prompt and answer share a number of tokens: LLaMA-Factory's `infer_seqlen`.
public enum LengthBudget {
    /// The lengths to keep of a prompt (`source`) and an answer (`target`) within `cutoff` tokens.
    ///
    /// A short side is kept whole and the other one cut; two long sides are cut in proportion.
    public static func share(source: Int, target: Int, cutoff: Int) -> (source: Int, target: Int) {
        let maxTarget: Int
        if target * 2 < cutoff {
            maxTarget = cutoff
        } else if source * 2 < cutoff {
            maxTarget = cutoff - source
        } else {
            maxTarget = Int(Double(cutoff) * (Double(target) / Double(source + target)))
        }
        let newTarget = min(maxTarget, target)
        return (min(max(cutoff - newTarget, 0), source), newTarget)
    }
}
