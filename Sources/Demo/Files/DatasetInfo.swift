import JSON

/// dataset_info.json with the demo's three data sets.
enum DatasetInfo {
    static let files = [
        (DemoPaths.seeDataset, "see.json"), (DemoPaths.rulesTrainDataset, "rules_train.json"),
        (DemoPaths.rulesTestDataset, "rules_test.json"),
    ]

    static var json: JSONValue {
        .object(
            files.map { name, file in
                JSONMember(
                    name,
                    [
                        "file_name": .string(file), "formatting": "sharegpt",
                        "columns": ["messages": "messages", "images": "images"],
                        "tags": [
                            "role_tag": "role", "content_tag": "content", "user_tag": "user",
                            "assistant_tag": "assistant", "system_tag": "system",
                        ],
                    ])
            })
    }
}
