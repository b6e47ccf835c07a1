// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

/// @title LocalAggregator
/// @notice One phase of a price feed on the local chain. It has the reading interface of Chainlink's off-chain reporting
///         aggregator and the same reads from storage: the caller's place in the access list, one word of hot variables,
///         one word per transmission. In place of the reporting network its owner transmits. For the local chain only.
contract LocalAggregator {
    /// One word, written by each transmission.
    struct HotVars {
        uint40 latestEpochAndRound;
        uint32 latestAggregatorRoundId;
    }

    /// One word.
    struct Transmission {
        int192 answer;
        uint32 observationsTimestamp;
        uint32 transmissionTimestamp;
    }

    uint8 public immutable decimals;
    uint256 public constant version = 6;

    /// Answers outside are refused, as the reporting network's configuration does.
    int192 public immutable minAnswer;
    int192 public immutable maxAnswer;

    address public owner;
    /// While on, a contract must be in the access list to read answers.
    bool public checkEnabled = true;

    mapping(address reader => bool) private accessList;
    HotVars private hotVars;
    mapping(uint32 roundId => Transmission) private transmissions;
    string public description;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);
    event NewTransmission(
        uint32 indexed aggregatorRoundId,
        int192 answer,
        address transmitter,
        uint32 observationsTimestamp
    );
    event AddedAccess(address user);
    event RemovedAccess(address user);

    error NotOwner();
    error NoAccess(address reader);
    error AnswerOutOfRange(int192 answer);
    error ObservationInFuture(uint32 observationsTimestamp);
    error ObservationOlderThanLast(uint32 observationsTimestamp);

    modifier onlyOwner() {
        require(msg.sender == owner, NotOwner());
        _;
    }

    modifier checkAccess() {
        // An account that calls directly (a wallet, eth_call) may always read: the list is for contracts.
        // solhint-disable-next-line avoid-tx-origin
        require(accessList[msg.sender] || !checkEnabled || msg.sender == tx.origin, NoAccess(msg.sender));
        _;
    }

    constructor(uint8 decimals_, string memory description_, int192 minAnswer_, int192 maxAnswer_) {
        owner = msg.sender;
        decimals = decimals_;
        description = description_;
        minAnswer = minAnswer_;
        maxAnswer = maxAnswer_;
    }

    /// @notice Publishes a new round.
    /// @param answer the price, `decimals` places
    /// @param observationsTimestamp unix seconds at which it was observed; readers see it as startedAt and the time of
    ///        the block as updatedAt
    function transmit(int192 answer, uint32 observationsTimestamp) external onlyOwner {
        require(answer >= minAnswer && answer <= maxAnswer, AnswerOutOfRange(answer));
        require(observationsTimestamp <= block.timestamp, ObservationInFuture(observationsTimestamp));
        HotVars memory hot = hotVars;
        require(
            observationsTimestamp >= transmissions[hot.latestAggregatorRoundId].observationsTimestamp,
            ObservationOlderThanLast(observationsTimestamp)
        );
        hot.latestEpochAndRound += 1;
        hot.latestAggregatorRoundId += 1;
        hotVars = hot;
        // Unix seconds fit 32 bits until 2106.
        transmissions[hot.latestAggregatorRoundId] = Transmission(
            answer,
            observationsTimestamp,
            uint32(block.timestamp)
        );
        emit NewTransmission(hot.latestAggregatorRoundId, answer, msg.sender, observationsTimestamp);
        emit AnswerUpdated(answer, hot.latestAggregatorRoundId, block.timestamp);
    }

    function addAccess(address user) external onlyOwner {
        accessList[user] = true;
        emit AddedAccess(user);
    }

    function removeAccess(address user) external onlyOwner {
        accessList[user] = false;
        emit RemovedAccess(user);
    }

    function setCheckEnabled(bool enabled) external onlyOwner {
        checkEnabled = enabled;
    }

    function hasAccess(address user) external view returns (bool) {
        return accessList[user] || !checkEnabled;
    }

    function latestRound() external view checkAccess returns (uint256) {
        return hotVars.latestAggregatorRoundId;
    }

    function latestAnswer() external view checkAccess returns (int256) {
        return transmissions[hotVars.latestAggregatorRoundId].answer;
    }

    function latestTimestamp() external view checkAccess returns (uint256) {
        return transmissions[hotVars.latestAggregatorRoundId].transmissionTimestamp;
    }

    /// @notice The newest round. Before the first transmission every field is zero.
    function latestRoundData()
        external
        view
        checkAccess
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        uint32 latest = hotVars.latestAggregatorRoundId;
        return roundData(latest);
    }

    /// @notice A past round; every field but the round's id is zero if there is none.
    function getRoundData(
        uint80 roundId_
    )
        external
        view
        checkAccess
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        if (roundId_ > type(uint32).max) return (0, 0, 0, 0, 0);
        // Checked in the line above.
        return roundData(uint32(roundId_));
    }

    function roundData(uint32 roundId_) private view returns (uint80, int256, uint256, uint256, uint80) {
        Transmission memory t = transmissions[roundId_];
        return (roundId_, t.answer, t.observationsTimestamp, t.transmissionTimestamp, roundId_);
    }
}
