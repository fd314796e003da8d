import Prompting

extension [DataRow] {
    /// Gives every row with a verdict the answer of the row before it, within blocks of `blockSize` rows (the first of a
    /// block gets the last's), as LLaMA-Factory's FeedbackDatasetProcessor does.
    public func rotatingAnswers(blockSize: Int) -> [DataRow] {
        guard contains(where: { $0.preference != nil }) else { return self }
        var result = self
        for first in stride(from: 0, to: count, by: Swift.max(1, blockSize)) {
            let block = first..<Swift.min(first + Swift.max(1, blockSize), count)
            for index in block {
                guard case .verdict(let isGood, _)? = self[index].preference else { continue }
                let previous = index == block.lowerBound ? block.upperBound - 1 : index - 1
                result[index].preference = .verdict(isGood: isGood, other: self[previous].conversation.messages.last)
            }
        }
        return result
    }

    /// What is wrong with verdicts as a whole: KTO learns from the difference between good and bad answers.
    public var verdictWarning: String? {
        let verdicts = compactMap { row -> Bool? in
            guard case .verdict(let isGood, _)? = row.preference else { return nil }
            return isGood
        }
        guard let first = verdicts.first, !verdicts.contains(!first) else { return nil }
        return
            "all \(verdicts.count) answers are \(first ? "good" : "bad"), but KTO learns from the difference between good and bad ones: add \(first ? "bad" : "good") answers\(first ? ", or use the stage sft" : "")"
    }
}
