import Foundation
import Inference
import JSON
import Media
import NIOHTTP1
import Prompting
import Testing

@testable import Server

struct MediaTests {
    static func png(_ width: Int, _ height: Int) throws -> String {
        let data = try Image.pngData(
            pixels: [UInt8](repeating: 90, count: width * height * 3), width: width, height: height, channels: 3)
        return "data:image/png;base64," + data.base64EncodedString()
    }

    static func image(_ url: String) -> JSONValue { ["type": "image_url", "image_url": ["url": .string(url)]] }
    static func text(_ text: String) -> JSONValue { ["type": "text", "text": .string(text)] }

    static func with(_ change: (inout ServerSettings) -> Void = { _ in }, _ body: (TestServer) async throws -> Void)
        async throws
    {
        try await TestServer.with(
            template: "qwen2_vl", model: "qwen2.5-vl", maxModelLength: 4096, settings: change, body)
    }

    static func post(_ server: TestServer, _ parts: [JSONValue], _ fields: [JSONMember] = []) async throws -> Reply {
        try await server.post(
            "/v1/chat/completions",
            .object([JSONMember("messages", [["role": "user", "content": .array(parts)]])] + fields))
    }

    @Test func `images stand where their parts or their marks are`() async throws {
        try await Self.with { server in
            let png = try Self.png(56, 56)
            _ = try await Self.post(server, [Self.text("a"), Self.image(png), Self.text("b"), Self.image(png)])
            _ = try await Self.post(server, [Self.text("a<image>b<image>"), Self.image(png), Self.image(png)])
            let prompts = server.engine.requests.map(\.prompt)
            #expect(prompts.count == 2)
            #expect(prompts[0].tokenIDs == prompts[1].tokenIDs)
            #expect(prompts[0].images.grids.count == 2)
            let text = server.encoder.tokenizer.decode(prompts[0].tokenIDs)
            #expect(text.contains("a<|vision_start|><|image_pad|>"))
            #expect(text.contains("<|vision_end|>b<|vision_start|>"))
            // The picture's own token, written by the user, is text.
            _ = try await Self.post(server, [Self.text("x <|image_pad|> <image>")])
            let pad = try #require(server.encoder.tokenizer.id(of: "<|image_pad|>"))
            #expect(server.engine.requests.last?.prompt.tokenIDs.contains(pad) == false)
        }
    }

    @Test func `pixel limits of a request change the number of its tokens`() async throws {
        try await Self.with { server in
            let png = try Self.png(224, 224)
            let whole = try await Self.post(server, [Self.image(png)])
            let small = try await Self.post(
                server, [Self.image(png)], [JSONMember("mm_processor_kwargs", ["min_pixels": 784, "max_pixels": 3136])])
            let numWhole = whole.json["usage"]?["prompt_tokens"]?.intValue ?? 0
            let numSmall = small.json["usage"]?["prompt_tokens"]?.intValue ?? 0
            #expect(numSmall > 0 && numSmall < numWhole)
        }
    }

    @Test func `bad pictures get status 400`() async throws {
        try await Self.with({
            $0.maxImagePixels = 100_000; $0.maxImages = 2
        }) { server in
            let png = try Self.png(28, 28)
            let bomb = try Self.png(2000, 2000)
            for url in [
                "", "x", "data:", "data:image/png;base64,", "data:image/png;base64,@@@@", "data:image/png,abc",
                "data:text/plain;base64,aGk=",
                "data:image/png;base64,aGVsbG8=", String(png.dropLast(200)), bomb, "data:video/jpeg;base64,aGk=",
                "ftp://x/y.png", "javascript:alert(1)",
            ] {
                let reply = try await Self.post(server, [Self.image(url)])
                #expect(reply.status == 400, "\(url.prefix(60)): \(reply.text.prefix(100))")
                #expect(!reply.error.contains("0x7f"))
            }
            let many = try await Self.post(server, [Self.image(png), Self.image(png), Self.image(png)])
            #expect(many.status == 400)
            #expect(many.error.contains("At most 2 image(s)"))
            let unequal = try await Self.post(server, [Self.text("<image><image>"), Self.image(png)])
            #expect(unequal.status == 400)
            let fine = try await Self.post(server, [Self.image(png)])
            #expect(fine.status == 200)
        }
        try await TestServer.with { server in
            let reply = try await Self.post(server, [Self.image(try Self.png(28, 28))])
            #expect(reply.status == 400)
            #expect(reply.error.contains("texts only"))
        }
    }

    @Test func `local and remote files are refused unless allowed`() async throws {
        try await Self.with { server in
            for url in [
                "/etc/passwd", "file:///etc/passwd", "../x.png", "http://127.0.0.1/x.png", "https://example.com/x.png",
            ] {
                let reply = try await Self.post(server, [Self.image(url)])
                #expect(reply.status == 403, "\(url)")
            }
        }
        let folder = NSTemporaryDirectory() + "anneal-media-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: "\(folder)/in", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(folder)/inside", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let data = try Image.pngData(
            pixels: [UInt8](repeating: 9, count: 28 * 28 * 3), width: 28, height: 28, channels: 3)
        for name in ["in/a.png", "inside/b.png", "c.png"] {
            try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/in/link.png", withDestinationPath: "\(folder)/c.png")
        try await Self.with({ $0.localMediaFolder = "\(folder)/in" }) { server in
            #expect(try await Self.post(server, [Self.image("\(folder)/in/a.png")]).status == 200)
            #expect(try await Self.post(server, [Self.image("file://\(folder)/in/a.png")]).status == 200)
            var messages: Set<String> = []
            for name in ["inside/b.png", "in/../c.png", "in/link.png", "in/none.png", "in/%2e%2e/c.png", "c.png"] {
                let reply = try await Self.post(server, [Self.image("file://\(folder)/\(name)")])
                #expect(reply.status == 403, "\(name)")
                messages.insert(reply.error)
            }
            #expect(messages.count == 1, "what exists must not show")
        }
    }

    @Test func `fetching follows the rules for hosts, addresses, redirects and sizes`() async throws {
        // The test's own server plays the stranger.
        try await Self.with { stranger in
            try await Self.with({ $0.mediaDomains = ["*"] }) { server in
                for host in [
                    "127.0.0.1:\(stranger.port)", "localhost:\(stranger.port)", "[::1]", "2130706433", "0x7f.1",
                    "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]", "10.0.0.1",
                ] {
                    let reply = try await Self.post(server, [Self.image("http://\(host)/health")])
                    #expect([400, 403].contains(reply.status), "\(host): \(reply.status)")
                    #expect(reply.status == 403 || !reply.error.contains("status"), "\(host): \(reply.error)")
                }
                for url in [
                    "http://user:x@example.com/", "http://exa mple.com/", "http://example.com\\@127.0.0.1/",
                    "http:///x",
                ] {
                    let reply = try await Self.post(server, [Self.image(url)])
                    #expect(reply.status == 400, "\(url)")
                }
            }
            try await Self.with({
                $0.mediaDomains = ["127.0.0.1"]; $0.allowsPrivateMedia = true
            }) { server in
                let other = try await Self.post(server, [Self.image("http://localhost:\(stranger.port)/health")])
                #expect(other.status == 403)
                let missing = try await Self.post(server, [Self.image("http://127.0.0.1:\(stranger.port)/none")])
                #expect(missing.error.contains("status 404"))
                let text = try await Self.post(server, [Self.image("http://127.0.0.1:\(stranger.port)/version")])
                #expect(text.status == 400)
            }
        }
    }

    @Test func `addresses that are not public are known in every form`() {
        func address(_ text: String) -> NetworkAddress? { NetworkAddress.resolve(text).first }
        for text in [
            "127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
            "224.0.0.1", "255.255.255.255", "2852039166",
        ] {
            #expect(address(text)?.isPublic == false, "\(text)")
        }
        for text in ["8.8.8.8", "172.32.0.1", "192.167.1.1", "1.1.1.1"] {
            #expect(address(text)?.isPublic == true, "\(text)")
        }
        func six(_ text: String) -> NetworkAddress {
            let groups = text.split(separator: ":").flatMap { group in
                UInt16(group, radix: 16).map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? []
            }
            return NetworkAddress(bytes: groups)
        }
        for text in [
            "0:0:0:0:0:0:0:0", "0:0:0:0:0:0:0:1", "0:0:0:0:0:ffff:7f00:1", "fe80:0:0:0:0:0:0:1", "fd00:0:0:0:0:0:0:1",
            "ff02:0:0:0:0:0:0:1",
            "64:ff9b:0:0:0:0:a00:1", "2002:7f00:1:0:0:0:0:0", "2001:db8:0:0:0:0:0:1", "2001:0:1:2:3:4:5:6",
        ] { #expect(!six(text).isPublic, "\(text)") }
        #expect(six("2606:4700:4700:0:0:0:0:1111").isPublic)
        #expect(six("0:0:0:0:0:ffff:808:808").isPublic)
    }

    @Test func `a video gives the tokens and patches that its file gives`() async throws {
        let path = "\(Fixture.tests)/MediaTests/Fixtures/clip.mp4"
        let url = try "data:video/mp4;base64," + Data(contentsOf: URL(fileURLWithPath: path)).base64EncodedString()
        try await Self.with { server in
            let reply = try await Self.post(
                server, [Self.text("What? "), ["type": "video_url", "video_url": ["url": .string(url)]]])
            #expect(reply.status == 200, "\(reply.text)")
            let expected = try server.encoder.prompt(
                Conversation(messages: [Message(.user, "What? <video>")], videos: [.file(path: path)]))
            let prompt = try #require(server.engine.requests.first?.prompt)
            #expect(prompt.tokenIDs == expected.tokenIDs)
            #expect(prompt.positions == expected.positions)
            #expect(prompt.videos.patches == expected.videos.patches)
            #expect(!prompt.videos.patches.isEmpty)
            let broken = try await Self.post(
                server, [["type": "video_url", "video_url": ["url": .string(String(url.prefix(url.count / 8 * 4)))]]])
            #expect([200, 400].contains(broken.status))
            #expect(try await server.send(.GET, "/health").status == 200)
        }
    }
}
