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
                "Images: write <image>photo.jpg in your message, or a line `image: photo.jpg` before it (videos: <video>, `video:`). Ctrl-C stops a reply.\n"
            )
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
            conversation.messages.append(Message(.user, input.text))
            conversation.images += input.images
            conversation.videos += input.videos
            terminal.write("Assistant: ")
            terminal.beginReply()
            defer { terminal.endReply() }
            let terminal = terminal
            let reply = try session.reply(to: conversation, sampling: sampling, turn: turn) { text in
                terminal.write(text)
                return !terminal.isStopped()
            }
            terminal.write(reply.completion.finish == .cancelled ? " [stopped]\n" : "\n")
            conversation.messages.append(Message(.assistant, reply.text))
            attached = ChatInput.Attachments()
            turn += 1
        } catch {
            conversation = before
            terminal.write("\nError: \(error)\n")
        }
    }
}
