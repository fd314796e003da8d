import Foundation

/// Answers rows in order while a number of them is under way: a long answer does not hold up the rows behind it.
/// `@unchecked`: everything is touched under `condition`.
final class AnswerWindow<Row>: @unchecked Sendable {
    private struct Slot {
        let row: Row
        var completion = Completion()
        var result: Result<Completion, any Error>?
    }

    private let condition = NSCondition()
    private let engine: PagedEngine
    private let width: Int
    private let request: (Row, Int) -> GenerationRequest
    /// Rows that are under way or wait for an earlier one, oldest first; the first has number `numTaken`.
    private var slots: [Slot] = []
    private var numTaken = 0
    private var numOpen = 0
    private var isClosed = false

    /// - Parameter request: what a row and its number ask for.
    init(_ engine: PagedEngine, width: Int, request: @escaping (Row, Int) -> GenerationRequest) {
        self.engine = engine
        self.width = width
        self.request = request
    }

    /// The oldest row with its answer, once it is there. Meanwhile rows are taken from `rows` and begun as there is room.
    /// Nil when `rows` is used up; with `drains` when nothing is under way either. Not to be called on the tensor thread.
    ///
    /// - Throws: the error of the row's request.
    func next(_ rows: inout ArraySlice<Row>, drains: Bool) throws -> (row: Row, completion: Completion)? {
        while true {
            condition.lock()
            if let slot = slots.first, let result = slot.result {
                slots.removeFirst()
                numTaken += 1
                condition.unlock()
                return (slot.row, try result.get())
            }
            // Finished rows behind an unfinished one are not on disk yet: not too many of them.
            let hasRoom = numOpen < width && slots.count < 4 * width
            if hasRoom, let row = rows.popFirst() {
                let number = numTaken + slots.count
                slots.append(Slot(row: row))
                numOpen += 1
                condition.unlock()
                begin(request(row, number), number)
                continue
            }
            guard !slots.isEmpty, drains || !rows.isEmpty else {
                condition.unlock()
                return nil
            }
            condition.wait()
            condition.unlock()
        }
    }

    private func begin(_ request: GenerationRequest, _ number: Int) {
        guard request.sampling.beams != nil else {
            engine.submit(request) { self.take($0, number) }
            return
        }
        Task { [engine] in
            do {
                for event in try await engine.searchBeams(request).first?.events ?? [] {
                    if !take(.success(event), number) { break }
                }
            } catch { _ = take(.failure(error), number) }
        }
    }

    /// Ends what is under way.
    func close() { condition.withLock { isClosed = true } }

    private func take(_ result: Result<GenerationEvent, any Error>, _ number: Int) -> Bool {
        condition.withLock {
            let index = number - numTaken
            guard !isClosed, slots.indices.contains(index) else { return false }
            switch result {
            case .success(.started): return true
            case .success(.token(let token, _)):
                slots[index].completion.tokenIDs.append(token.id)
                return true
            case .success(.thoughtClosed(let closing)):
                slots[index].completion.thoughtClosing = closing
                return true
            case .success(.finished(let finish, _)):
                slots[index].completion.finish = finish
                slots[index].result = .success(slots[index].completion)
            case .failure(let error): slots[index].result = .failure(error)
            }
            numOpen -= 1
            condition.broadcast()
            return false
        }
    }
}
