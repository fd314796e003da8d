import Foundation
import LocalServer
import Synchronization
import Testing

@testable import Hub

@Suite struct DownloadTests {
    private func repository(
        _ host: HubRepository.Host = .huggingface, _ kind: HubRepository.Kind = .model, _ id: String = "org/tiny"
    )
        throws -> HubRepository
    { try HubRepository(host: host, kind: kind, id: id) }

    private func message(_ work: () async throws -> some Any) async -> String {
        do {
            _ = try await work()
            return "no error"
        } catch { return "\(error)" }
    }

    @Test func `a model comes into huggingface_hub's cache, without pickles and programs, and only once`() async throws
    {
        let hub = try FakeHub()
        let client = hub.client()
        let folder = try await client.download(try repository())
        let root = hub.home + "/hub/models--org--tiny"
        #expect(folder == "\(root)/snapshots/\(FakeHub.commit)")
        let files = FileManager.default
        #expect(files.contents(atPath: folder + "/model.safetensors") == Data(FakeHub.weights))
        #expect(
            try files.destinationOfSymbolicLink(atPath: folder + "/sub/extra.json")
                == "../../../blobs/\(FakeHub.gitBlob(FakeHub.config))")
        #expect(
            try files.destinationOfSymbolicLink(atPath: folder + "/model.safetensors")
                == "../../blobs/\(FakeHub.sha256(FakeHub.weights))")
        #expect(files.contents(atPath: root + "/refs/main") == Data(FakeHub.commit.utf8))
        #expect(
            Set(try files.subpathsOfDirectory(atPath: folder)) == [
                "config.json", "model.safetensors", "sub", "sub/extra.json",
            ])
        #expect(try files.contentsOfDirectory(atPath: root + "/blobs").count == 2)
        let numRequests = hub.server.requests.count
        #expect(try await client.download(try repository()) == folder)
        #expect(hub.server.requests.count == numRequests + 1)
        await client.close()
    }

    @Test func `a list without checksums is completed from the files' headers`() async throws {
        let hub = try FakeHub(hasChecksums: false)
        let client = hub.client()
        let folder = try await client.download(try repository())
        #expect(FileManager.default.contents(atPath: folder + "/model.safetensors") == Data(FakeHub.weights))
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/config.json").hasSuffix(
                FakeHub.gitBlob(FakeHub.config)))
        await client.close()
    }

    @Test func `a connection that is cut again and again goes on where it was`() async throws {
        let hub = try FakeHub()
        hub.faults.withLock { $0.cuts = [10, 70_000, 100_000, 0, 30_000] }
        let client = hub.client()
        let selection = HubSelection(include: ["model.safetensors"])
        let folder = try await client.download(try repository(), selection)
        #expect(FileManager.default.contents(atPath: folder + "/model.safetensors") == Data(FakeHub.weights))
        // How much of what was sent before the cut arrives differs.
        let starts = hub.server.requests.compactMap { $0.headers["range"]?.dropFirst(6).dropLast() }.compactMap {
            Int($0)
        }
        #expect(starts.count == 5 && starts == starts.sorted() && starts[0] == 10 && starts[4] > 10, "\(starts)")
        await client.close()
    }

    @Test func `what a killed run left is used, and thrown away when it is damaged`() async throws {
        let hub = try FakeHub()
        let blobs = hub.home + "/hub/models--org--tiny/blobs"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        let partial = "\(blobs)/\(FakeHub.sha256(FakeHub.weights)).incomplete"
        let selection = HubSelection(include: ["model.safetensors"])
        for (left, numRequests) in [
            (Array(FakeHub.weights.prefix(1_000)), 1), ([UInt8](repeating: 9, count: 1_000), 2), (FakeHub.weights, 0),
            (FakeHub.weights + [1], 1),
        ] {
            try? FileManager.default.removeItem(atPath: "\(blobs)/\(FakeHub.sha256(FakeHub.weights))")
            try Data(left).write(to: URL(fileURLWithPath: partial))
            let before = hub.server.requests.count
            let client = hub.client()
            let folder = try await client.download(try repository(), selection)
            #expect(FileManager.default.contents(atPath: folder + "/model.safetensors") == Data(FakeHub.weights))
            #expect(hub.server.requests.count - before == numRequests + 1)
            #expect(!FileManager.default.fileExists(atPath: partial))
            await client.close()
        }
    }

    @Test func `a wrong checksum keeps nothing`() async throws {
        let hub = try FakeHub()
        hub.faults.withLock { $0.isWrong = true }
        let client = hub.client()
        let text = await message {
            try await client.download(try repository(), HubSelection(include: ["model.safetensors"]))
        }
        #expect(
            text.contains("has SHA-256 ")
                && text.contains("where \(FakeHub.sha256(FakeHub.weights)) is expected: the file was not kept"))
        let other = await message {
            try await client.download(try repository(), HubSelection(include: ["config.json"]))
        }
        #expect(other.contains("has Git's SHA-1 "))
        #expect(
            !FileManager.default.fileExists(
                atPath: hub.home + "/hub/models--org--tiny/snapshots/\(FakeHub.commit)/config.json"))
        await client.close()
    }

    @Test func `every status says what to do, and passing ones are tried again`() async throws {
        let hub = try FakeHub()
        let client = hub.client()
        let selection = HubSelection(include: ["config.json"])
        for (statuses, text) in [
            (
                [404],
                "config.json of model org/tiny (huggingface, main) does not exist (404): check the name and the revision"
            ),
            ([401], "the hub asks for a key (401), or there is no such model: check the name, or set HF_TOKEN"),
            ([403], "the hub asks for a key (403)"), ([429, 429, 429], "the hub has had too many requests (429)"),
            (
                [500, 503, 502],
                "the hub is in trouble (502): try again later. What has come is kept: run the command again to go on"
            ),
            ([418], "the hub answers with status 418"), ([416, 416, 416], "status 416"),
        ] {
            hub.faults.withLock { $0.statuses = statuses }
            let answer = await message { try await client.download(try repository(), selection) }
            #expect(answer.contains(text), "\(answer)")
        }
        hub.faults.withLock { $0.statuses = [500, 429] }
        _ = try await client.download(try repository(), selection)
        let missing = await message { try await client.download(try repository(.huggingface, .model, "org/none")) }
        #expect(
            missing
                == "model org/none (huggingface, main) does not exist (404): check the name and the revision, and --type model or dataset"
        )
        await client.close()
    }

    @Test func `the key goes to the hub and to no other host, and into no message`() async throws {
        let hub = try FakeHub()
        let other = try LocalServer { request in
            request.path.hasSuffix("model.safetensors") ? .init(200, FakeHub.weights) : .init(403)
        }
        defer { other.close() }
        hub.faults.withLock {
            $0.asksForKey = true
            // Another port is another origin.
            $0.redirect = other.url
        }
        let client = hub.client(["HF_TOKEN": "hf_secret"])
        _ = try await client.download(try repository(), HubSelection(include: ["model.safetensors"]))
        #expect(hub.server.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(other.requests.count == 1)
        #expect(other.requests.allSatisfy { $0.headers["authorization"] == nil && $0.headers["cookie"] == nil })
        let text = await message { try await client.download(try repository(), HubSelection(include: ["config.json"])) }
        #expect(text.contains("the hub refuses the key in HF_TOKEN (403)") && !text.contains("hf_secret"))
        await client.close()
    }

    @Test func `without a network an earlier download is used, and its lack is said`() async throws {
        let hub = try FakeHub()
        let client = hub.client()
        let folder = try await client.download(try repository())
        let offline = hub.client(["HF_HUB_OFFLINE": "1"])
        let before = hub.server.requests.count
        #expect(try await offline.download(try repository()) == folder)
        #expect(hub.server.requests.count == before)
        let text = await message { try await offline.download(try repository(.huggingface, .model, "org/none")) }
        #expect(
            text
                == "model org/none (huggingface, main) is not in the cache, and HF_HUB_OFFLINE forbids downloading: unset it, or name a folder"
        )
        hub.server.close()
        let lines = Mutex<[String]>([])
        let alone = hub.client { line in lines.withLock { $0.append(line) } }
        #expect(try await alone.download(try repository()) == folder)
        #expect(lines.withLock { $0.first }?.contains("The hub cannot be reached") == true)
        let unreachable = await message { try await alone.download(try repository(.huggingface, .dataset, "org/pets")) }
        #expect(
            unreachable.hasSuffix(
                "/api/datasets/org/pets/revision/main: the connection was refused: check the network, set HF_ENDPOINT to a mirror that can be reached, or name a folder on this machine"
            ), "\(unreachable)")
        for client in [client, offline, alone] { await client.close() }
    }

    @Test(arguments: ["../../evil", "/etc/passwd", "a/../../b", "a//b", "a\\\\b", ".", "x/\\u0001"])
    func `a file's name cannot lead out of the folder`(path: String) async throws {
        let hub = try FakeHub()
        hub.faults.withLock { $0.extraPath = path }
        let client = hub.client()
        let text = await message { try await client.download(try repository()) }
        #expect(text.contains("which could lie outside the download: nothing is taken"))
        #expect(!FileManager.default.fileExists(atPath: hub.home + "/hub/models--org--tiny"))
        await client.close()
    }

    @Test func `pickles and programs are refused by name`() async throws {
        let hub = try FakeHub()
        let client = hub.client()
        let pickle = await message { try await client.download(try repository(), HubSelection(include: ["*.bin"])) }
        #expect(
            pickle.contains("pytorch_model.bin is a pickle, which runs code when it is read: it is never downloaded"))
        let program = await message {
            try await client.download(try repository(), HubSelection(include: ["modeling.py"]))
        }
        #expect(program.contains("modeling.py is no file of weights or data"))
        let only = await message {
            try await client.download(try repository(), HubSelection(exclude: ["*.safetensors"]))
        }
        #expect(only.contains("pytorch_model.bin is a pickle"))
        await client.close()
    }

    @Test func `ModelScope's files come into its cache, and a folder of one's own gets plain files`() async throws {
        let hub = try FakeHub()
        let client = hub.client()
        let folder = try await client.download(try repository(.modelscope, .model, "org/tiny-1.5"))
        #expect(folder == hub.home + "/ms/models/org/tiny-1___5")
        #expect(FileManager.default.contents(atPath: folder + "/model.safetensors") == Data(FakeHub.weights))
        let own = try await client.download(
            try repository(), HubSelection(exclude: ["*.json"]), localFolder: hub.home + "/own")
        #expect(try FileManager.default.contentsOfDirectory(atPath: own) == ["model.safetensors"])
        let offline = hub.client(["HF_HUB_OFFLINE": "1"])
        #expect(try await offline.download(try repository(.modelscope, .model, "org/tiny-1.5")) == folder)
        for client in [client, offline] { await client.close() }
    }

    @Test func `the files of a data set's split come in order, from both hubs, online and offline`() async throws {
        let hub = try FakeHub()
        for host in HubRepository.Host.allCases {
            for offline in ["0", "1"] {
                let client = hub.client(["HF_HUB_OFFLINE": offline])
                let pets = try repository(host, .dataset, "org/pets")
                let files = try await client.dataFiles(pets)
                #expect(
                    files.map { URL(fileURLWithPath: $0).lastPathComponent } == [
                        "train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl",
                    ])
                #expect(files.allSatisfy { FileManager.default.fileExists(atPath: $0) })
                await client.close()
            }
        }
        let client = hub.client()
        let text = await message {
            try await client.dataFiles(try repository(.huggingface, .dataset, "org/pets"), split: "dev")
        }
        #expect(text.contains("has no split 'dev': it has 'test', 'train'"))
        await client.close()
    }
}
