import Models
import Prompting

/// What a model folder holds besides weights, checked against each other.
struct ModelParts {
    let config: ModelConfig
    let template: Template
    let tokenizer: Tokenizer
    /// Tokens that end an answer: the template's, and those of generation_config.json and config.json.
    let stopIDs: Set<Int32>
    let warnings: [String]

    init(_ settings: InferenceSettings) throws {
        let folder = settings.location.modelFolder
        config = try ModelConfig(folder: folder)
        var tokenizer = try Tokenizer(folder: folder)
        let isDerived = settings.template == Template.derivedName
        guard !isDerived || tokenizer.chatTemplate != nil else {
            throw InferenceError(
                "template is missing, and \(settings.location.adapters.last ?? folder) does not record one: name the prompt template of the model, for example template=qwen (anneal template list shows all)"
            )
        }
        var template = try TemplateCatalog.template(named: settings.template, tokenizer: tokenizer)
        if let system = settings.defaultSystem { template.defaultSystem = system }
        let changes = try template.fit(&tokenizer)
        let numRows = config.text.vocabularySize
        if changes.numNewTokens > 0, tokenizer.idLimit > numRows {
            throw InferenceError(
                "template \(template.name) needs \(changes.numNewTokens) tokens that the vocabulary of \(folder) has no rows for; choose the template of this model"
            )
        }
        guard tokenizer.idLimit <= numRows else {
            throw InferenceError(
                "\(folder): the tokenizer has ids up to \(tokenizer.idLimit - 1), the model's vocabulary only \(numRows) rows; tokenizer and model do not belong together"
            )
        }
        if template.media != nil, config.vision == nil {
            throw InferenceError(
                "template \(template.name) is for vision-language models, \(folder) is a \(config.modelType) model; choose its template"
            )
        }
        self.template = template
        self.tokenizer = tokenizer
        stopIDs = Set(template.stopIDs(tokenizer: tokenizer)).union(config.eosTokenIDs.map { Int32(clamping: $0) })
            .union(ModelConfig.generationStops(folder: folder).map { Int32(clamping: $0) })
        var warnings = isDerived ? ["template: taken from the chat template of \(folder)"] : []
        if changes.numNewTokens > 0 {
            warnings.append(
                "[warning] template \(template.name) needs \(changes.numNewTokens) tokens that the tokenizer of \(folder) lacks; is it the template of this model?"
            )
        }
        if config.vision != nil, template.media == nil {
            warnings.append(
                "[warning] template \(template.name) takes no images although \(folder) is a vision-language model")
        }
        self.warnings = warnings
    }
}
