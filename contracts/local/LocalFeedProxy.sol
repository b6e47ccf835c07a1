// SPDX-License-Identifier: GPL-2.0-or-later
pragma solidity ^0.8.30;

import {LocalAggregator} from "./LocalAggregator.sol";

/// @notice Who may read a feed through its proxy.
interface ILocalAccessController {
    function hasAccess(address user, bytes calldata data) external view returns (bool);
}

/// @title LocalFeedProxy
/// @notice The lasting address of a price feed, in front of one aggregator after another (a phase each), with the
///         interface and the storage reads of Chainlink's access-controlled aggregator proxy. A round's id is
///         phase << 64 | the aggregator's round. For the local chain only.
contract LocalFeedProxy {
    /// One word.
    struct Phase {
        uint16 id;
        LocalAggregator aggregator;
    }

    address public owner;
    Phase private currentPhase;
    LocalAggregator public proposedAggregator;
    mapping(uint16 phaseId => LocalAggregator) public phaseAggregators;
    /// Zero lets everybody read, as mainnet's main feeds do; it is read on every call all the same.
    ILocalAccessController public accessController;

    event AggregatorProposed(address indexed current, address indexed proposed);
    event AggregatorConfirmed(address indexed previous, address indexed latest);

    error NotOwner();
    error NoAccess(address reader);
    error NotProposed(address aggregator);

    modifier onlyOwner() {
        require(msg.sender == owner, NotOwner());
        _;
    }

    modifier checkAccess() {
        ILocalAccessController controller = accessController;
        require(address(controller) == address(0) || controller.hasAccess(msg.sender, msg.data), NoAccess(msg.sender));
        _;
    }

    constructor(LocalAggregator aggregator_, ILocalAccessController accessController_) {
        owner = msg.sender;
        accessController = accessController_;
        enterPhase(aggregator_);
    }

    /// @notice Names the next aggregator; nothing changes for readers until it is confirmed.
    function proposeAggregator(LocalAggregator aggregator_) external onlyOwner {
        proposedAggregator = aggregator_;
        emit AggregatorProposed(address(currentPhase.aggregator), address(aggregator_));
    }

    /// @notice Begins a new phase with the proposed aggregator.
    function confirmAggregator(LocalAggregator aggregator_) external onlyOwner {
        require(
            address(aggregator_) != address(0) && aggregator_ == proposedAggregator,
            NotProposed(address(aggregator_))
        );
        address previous = address(currentPhase.aggregator);
        delete proposedAggregator;
        enterPhase(aggregator_);
        emit AggregatorConfirmed(previous, address(aggregator_));
    }

    function setController(ILocalAccessController accessController_) external onlyOwner {
        accessController = accessController_;
    }

    function latestRoundData()
        external
        view
        checkAccess
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Phase memory phase = currentPhase;
        (roundId, answer, startedAt, updatedAt, answeredInRound) = phase.aggregator.latestRoundData();
        roundId = withPhase(phase.id, roundId);
        answeredInRound = withPhase(phase.id, answeredInRound);
    }

    function getRoundData(
        uint80 roundId_
    )
        external
        view
        checkAccess
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        // The upper 16 of 80 bits are the phase, the lower 64 the aggregator's round: no value is lost.
        uint16 id = uint16(roundId_ >> 64);
        uint80 aggregatorRound = uint80(uint64(roundId_));
        (roundId, answer, startedAt, updatedAt, answeredInRound) = phaseAggregators[id].getRoundData(aggregatorRound);
        roundId = withPhase(id, roundId);
        answeredInRound = withPhase(id, answeredInRound);
    }

    function latestAnswer() external view checkAccess returns (int256) {
        return currentPhase.aggregator.latestAnswer();
    }

    function latestTimestamp() external view checkAccess returns (uint256) {
        return currentPhase.aggregator.latestTimestamp();
    }

    function latestRound() external view checkAccess returns (uint256) {
        Phase memory phase = currentPhase;
        return withPhase(phase.id, uint80(phase.aggregator.latestRound()));
    }

    function aggregator() external view returns (address) {
        return address(currentPhase.aggregator);
    }

    function phaseId() external view returns (uint16) {
        return currentPhase.id;
    }

    function decimals() external view returns (uint8) {
        return currentPhase.aggregator.decimals();
    }

    function version() external view returns (uint256) {
        return currentPhase.aggregator.version();
    }

    function description() external view returns (string memory) {
        return currentPhase.aggregator.description();
    }

    function enterPhase(LocalAggregator aggregator_) private {
        uint16 id = currentPhase.id + 1;
        currentPhase = Phase(id, aggregator_);
        phaseAggregators[id] = aggregator_;
    }

    function withPhase(uint16 id, uint80 round) private pure returns (uint80) {
        return (uint80(id) << 64) | uint80(uint64(round));
    }
}
