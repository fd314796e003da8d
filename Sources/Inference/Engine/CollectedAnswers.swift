import Foundation

/// Answers that several requests write, for one who waits for all of them. `@unchecked`: everything is touched under
/// `condition`.
final class CollectedAnswers: @unchecked Sendable {
    private let condition = NSCondition()
    private var answers: [Completion]
    private var errors: [(any Error)?]
    private var numOpen: Int

    init(count: Int) {
        answers = Array(repeating: Completion(), count: count)
        errors = Array(repeating: nil, count: count)
        numOpen = count
    }

    /// Takes an event of request `index`; false ends it.
    func take(
        _ result: Result<GenerationEvent, any Error>, _ index: Int, _ onToken: (Int, Int32) -> Bool
    ) -> Bool {
        switch result {
        case .success(.started): return true
        case .success(.token(let token, _)):
            condition.withLock {
                answers[index].tokenIDs.append(token.id)
                if !token.logprob.isNaN { answers[index].logprobs.append(token.logprob) }
            }
            return onToken(index, token.id)
        case .success(.thoughtClosed(let closing)):
            condition.withLock { answers[index].thoughtClosing = closing }
            return true
        case .success(.finished(let finish, _)):
            close { answers[index].finish = finish }
        case .failure(let error):
            close { errors[index] = error }
        }
        return false
    }

    var areComplete: Bool { condition.withLock { numOpen == 0 } }

    func wait() {
        condition.withLock { while numOpen > 0 { condition.wait() } }
    }

    /// - Throws: the first request's error.
    func completions() throws -> [Completion] {
        try condition.withLock {
            if let error = errors.lazy.compactMap({ $0 }).first { throw error }
            return answers
        }
    }

    private func close(_ body: () -> Void) {
        condition.withLock {
            body()
            numOpen -= 1
            condition.broadcast()
        }
    }
}
