import Foundation

extension ModelConfig {
    /// `eos_token_id` of a model folder's generation_config.json: one id or a list; nothing where the file says nothing.
    public static func generationStops(folder: String) -> [Int] {
        struct File: Decodable {
            enum IDs: Decodable {
                case one(Int), list([Int])
                init(from decoder: any Swift.Decoder) throws {
                    let container = try decoder.singleValueContainer()
                    if let id = try? container.decode(Int.self) {
                        self = .one(id)
                    } else {
                        self = .list(try container.decode([Int].self))
                    }
                }
            }
            let eos_token_id: IDs?
        }
        guard let data = FileManager.default.contents(atPath: "\(folder)/generation_config.json"),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        switch file.eos_token_id {
        case .one(let id): return [id]
        case .list(let ids): return ids
        case nil: return []
        }
    }
}
