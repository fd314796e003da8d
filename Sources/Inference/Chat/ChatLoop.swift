import Foundation
import Prompting

/// A conversation on a terminal, worded as LLaMA-Factory's: `clear` forgets the history, `exit` and the end of input leave.
public struct ChatLoop {
    /// Where lines come from and text goes to.
    public struct Terminal: Sendable {
        /// The next line; nil at the end of input.
        public var readLine: @Sendable () -> String?
        public var write: @Sendable (String) -> Void
        /// Begins a reply that the user may stop: false until then.
        public var beginReply: @Sendable () -> Void
        public var isStopped: @Sendable () -> Bool
        public var endReply: @Sendable () -> Void

        public init(
            readLine: @escaping @Sendable () -> String?, write: @escaping @Sendable (String) -> Void,
            beginReply: @escaping @Sendable () -> Void = {}, isStopped: @escaping @Sendable () -> Bool = { false },
            endReply: @escaping @Sendable () -> Void = {}
        ) {
            self.readLine = readLine
            self.write = write
            self.beginReply = beginReply
            self.isStopped = isStopped
            self.endReply = endReply
        }
    }

    private let session: InferenceSession
    private let sampling: SamplingSettings
    private let terminal: Terminal
    private var conversation = Conversation(messages: [])
    private var attached = ChatInput.Attachments()
    private var turn = 0
    /// What the model thought before its last answer.
    private var thought = ""

    public init(_ session: InferenceSession, sampling: SamplingSettings, terminal: Terminal) {
        self.session = session
        self.sampling = sampling
        self.terminal = terminal
    }

    /// Talks until `exit` or the end of input.
    public mutating func run() {
        terminal.write(
            "Welcome to the CLI application, use `clear` to remove the history, use `exit` to exit the application.\n")
        if session.template.media != nil {
            terminal.write(
                """
                Images: write <image>photo.jpg in your message, or a line `image: photo.jpg`
                before it (videos: <video>, `video:`). Ctrl-C stops a reply.

                """)
        } else {
            terminal.write("Ctrl-C stops a reply.\n")
        }
        while true {
            terminal.write("\nUser: ")
            guard let line = terminal.readLine() else {
                terminal.write("\n")
                return
            }
            switch line.trimmingCharacters(in: .whitespacesAndNewlines) {
            case "exit": return
            case "clear":
                conversation = Conversation(messages: [])
                attached = ChatInput.Attachments()
                terminal.write("History has been removed.\n")
            case "": continue
            case "thought" where !thought.isEmpty: terminal.write("\(thought)\n")
            default:
                if let file = ChatInput.attachment(line) { attach(file) } else { answer(line) }
            }
        }
    }

    private mutating func attach(_ file: (path: String, isVideo: Bool)) {
        do {
            let path = try ChatInput.existing(file.path)
            if file.isVideo { attached.videos.append(path) } else { attached.images.append(path) }
            terminal.write("\(path) goes with your next message.\n")
        } catch {
            terminal.write("Error: \(error)\n")
        }
    }

    /// Writes the reply as it comes; a message that cannot be answered is forgotten.
    private mutating func answer(_ line: String) {
        let before = conversation
        do {
            let input = try ChatInput(line, attached: attached)
            // Control tokens that somebody types are text.
            conversation.messages.append(Message(.user, session.tokenizer.guarded(input.text, words: ["<audio>"])))
            conversation.images += input.images
            conversation.videos += input.videos
            terminal.write("Assistant: ")
            terminal.beginReply()
            defer { terminal.endReply() }
            let terminal = terminal
            let folded = FoldedThought(terminal)
            let reply = try session.reply(to: conversation, sampling: sampling, turn: turn) { parts in
                folded.write(parts)
                return !terminal.isStopped()
            }
            thought = folded.close()
            terminal.write(reply.completion.finish == .cancelled ? " [stopped]\n" : "\n")
            switch reply.completion.thoughtClosing {
            case .budget: terminal.write("[the thought was closed: thinking_budget is spent]\n")
            case .loop: terminal.write("[the thought was closed: it repeated itself]\n")
            case nil: break
            }
            conversation.messages.append(Message(.assistant, guarded(answer: reply.text)))
            attached = ChatInput.Attachments()
            turn += 1
        } catch {
            conversation = before
            terminal.write("\nError: \(error)\n")
        }
    }

    /// An answer as history: of the control tokens in it, only those around the thought count.
    private func guarded(answer: String) -> String {
        let words = session.template.thoughtWords
        return session.tokenizer.guarded(
            answer, words: ["<image>", "<video>", "<audio>"],
            allowed: Set([words.open, words.close].map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }))
    }
}

/// Writes an answer with its thought folded into one line. `@unchecked`: touched by the tensor thread while it writes, by
/// the caller afterwards.
private final class FoldedThought: @unchecked Sendable {
    private let terminal: ChatLoop.Terminal
    private var thought = ""
    private var isOpen = false

    init(_ terminal: ChatLoop.Terminal) { self.terminal = terminal }

    func write(_ parts: ThoughtSplitter.Parts) {
        if !parts.thought.isEmpty, !isOpen {
            isOpen = true
            terminal.write("[thinking …")
        }
        thought += parts.thought
        guard !parts.answer.isEmpty else { return }
        fold()
        terminal.write(parts.answer)
    }

    /// The whole thought, when no more comes.
    func close() -> String {
        fold()
        return thought
    }

    private func fold() {
        guard isOpen else { return }
        isOpen = false
        terminal.write(" \(thought.count) characters; `thought` shows them]\n")
    }
}
