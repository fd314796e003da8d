import ArgumentParser
import Foundation
import JSON
import Prompting

struct TemplateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Lists the chat templates, or shows what one writes.",
        subcommands: [List.self, Render.self, Export.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the names of all templates.")

        func run() { TemplateCatalog.all.forEach { print($0.name) } }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a template as Jinja, for chat_template.jinja beside a model.",
            discussion: """
                It writes the prompts that training with the template writes, tools and thinking included. Servers may pass \
                enable_thinking and preserve_thinking; the flags here are what holds when they do not.
                """)

        @Argument(help: "Name of the template.")
        var name: String

        @Option(help: ArgumentHelp("Model folder whose tokenizer names the tokens.", valueName: "FOLDER"))
        var model: String

        @Flag(inversion: .prefixedNo, help: "Whether a reasoning template lets the model think.")
        var enableThinking = true

        @Flag(help: "Whether thoughts of earlier answers stay.")
        var preserveThinking = false

        func run() throws {
            let template = try TemplateCatalog.template(named: name)
            var tokenizer = try Tokenizer(folder: model)
            try template.fit(&tokenizer)
            print(
                template.chatTemplate(
                    tokenizer: tokenizer, enableThinking: enableThinking, preservesThinking: preserveThinking),
                terminator: "")
        }
    }

    struct Render: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what a template writes for a conversation.",
            discussion: """
                FILE holds {"messages": [{"role", "content"}], "system", "tools"}; roles are user, assistant, function and
                observation. <BOS> and <EOS> stand where the template has the tokenizer's own tokens. With --model and no name it
                is the template recorded beside the model, or else taken from the model's own chat template.
                """)

        @Argument(help: "Name of the template.")
        var name: String?

        @Option(help: ArgumentHelp("Model folder to take the template from.", valueName: "FOLDER"))
        var model: String?

        @Option(help: ArgumentHelp("JSON file with a conversation that ends with an answer.", valueName: "FILE"))
        var messages: String

        @Flag(help: "Print {\"pairs\": [[prompt, response], …], \"stop_words\": […], \"default_system\": …}.")
        var json = false

        func validate() throws {
            if name == nil, model == nil {
                throw ValidationError(
                    "name a template (anneal template list shows all), or a model folder with --model")
            }
        }

        private func template() throws -> Template {
            if let name { return try TemplateCatalog.template(named: name) }
            let folder = model ?? ""
            return try TemplateCatalog.template(
                named: InferenceDefaults(folder: folder)?.template, tokenizer: Tokenizer(folder: folder))
        }

        func run() throws {
            let template = try template()
            let pairs: [RenderedPair]
            do { pairs = try template.render(try ConversationFile.read(messages)) } catch let error as ConversationError
            {
                throw CommandError("\(messages): \(error)")
            }
            if json {
                let result: JSONValue = [
                    "pairs": .array(
                        pairs.map { .array([.string($0.prompt.rendered), .string($0.response.rendered)]) }),
                    "stop_words": .array(template.stopWords.map(JSONValue.string)),
                    "default_system": .string(template.defaultSystem),
                ]
                print(result.text())
                return
            }
            for (index, pair) in pairs.enumerated() {
                print("--- prompt \(index + 1)\n\(pair.prompt.rendered)")
                print("--- response \(index + 1)\n\(pair.response.rendered)")
            }
            print("--- stop words: \(template.stopWords.joined(separator: " "))")
        }
    }
}
